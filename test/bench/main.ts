/** `npm run bench [-- <part>...] [--json]`: what the exporter costs, in one table. README.md beside tells how. */
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import type { Part } from './part.ts'
import { agentPart } from './parts/agent.ts'
import { dnsPart } from './parts/dns.ts'
import { heartbeatsPart } from './parts/heartbeats.ts'
import { latencyPart } from './parts/latency.ts'
import { loadBalancersPart } from './parts/load-balancers.ts'
import { nodesPart } from './parts/nodes.ts'
import { scrapePart } from './parts/scrape.ts'
import { judge, type Row, table } from './report.ts'
import { Subject } from './subject.ts'

const parts: readonly Part[] = [
  dnsPart,
  scrapePart,
  nodesPart,
  latencyPart,
  heartbeatsPart,
  loadBalancersPart,
  agentPart,
]

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true })
  const unknown = positionals.filter((name) => !parts.some((part) => part.name === name))
  if (unknown.length > 0) {
    say(`no part of the bench is named ${unknown.join(', ')}; there are: ${parts.map(({ name }) => name).join(', ')}`)
    return 2
  }
  tellLoad('before')
  const subject = await Subject.build()
  const rows: Row[] = []
  let failed = false
  for (const part of parts) {
    if (positionals.length > 0 && !positionals.includes(part.name)) continue
    try {
      rows.push(...(await bounded(part, subject)))
    } catch (error) {
      failed = true
      say(`${part.name} failed: ${error instanceof Error ? (error.stack ?? error.message) : error}`)
    }
  }
  tellLoad('after')
  const judged = rows.map(judge)
  process.stdout.write(values.json === true ? `${JSON.stringify(judged, null, 2)}\n` : table(judged))
  return failed || judged.some(({ verdict }) => verdict === 'MISSED') ? 1 : 0
}

async function bounded(part: Part, subject: Subject): Promise<Row[]> {
  const { promise, reject } = Promise.withResolvers<never>()
  const limit = setTimeout(() => reject(new Error(`it did not end within ${part.limitMs / 1_000} s`)), part.limitMs)
  try {
    const deps = { subject, say: (text: string) => say(`${part.name}: ${text}`) }
    return await Promise.race([part.run(deps), promise])
  } finally {
    clearTimeout(limit)
  }
}

/** Others on the same cores double every wall time; memory and CPU time suffer less, ratios least. */
function tellLoad(when: string): void {
  say(`load average ${when}: ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`)
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

// Whatever a part that failed left running ends with this process.
process.exit(await main())
