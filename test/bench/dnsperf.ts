/** dnsperf, which sends ready-made packets and only counts the replies: what a query costs with no exporter around it. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findTool } from '../tools/find.ts'

const execute = promisify(execFile)

const limitMs = 30_000
/** The shell tells the CPU time of what it ran; its second line is that of its children. */
const script = '"$@" || exit; times'

/**
 * CPU in µs per query, user and system, of asking every name so many times in turn. Throws where replies are lost or are
 * no NOERROR, since a query that failed is cheaper.
 */
export async function dnsperfCpuMicros(names: readonly string[], port: number, times: number): Promise<number> {
  const tool = await findTool('dnsperf')
  const folder = await mkdtemp(join(tmpdir(), 'dnsperf-'))
  try {
    const file = join(folder, 'queries')
    await writeFile(file, names.map((name) => `${name} A\n`).join(''))
    const args = ['-s', '127.0.0.1', '-p', String(port), '-d', file, '-n', String(times)]
    const { stdout } = await execute('sh', ['-c', script, 'sh', tool.command, ...args], {
      env: { ...process.env, ...tool.env, LC_ALL: 'C' },
      timeout: limitMs,
    })
    return microsPerQuery(stdout, names.length * times)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What dnsperf and the shell said, judged against the number of queries that were to be answered. */
export function microsPerQuery(said: string, asked: number): number {
  const answered = Number(/Response codes:\s+NOERROR (\d+)/.exec(said)?.[1])
  if (answered !== asked) throw new Error(`dnsperf had ${answered} of ${asked} queries answered:\n${said}`)
  const seconds = [...(said.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  )
  const [user, system] = seconds
  if (user === undefined || system === undefined) throw new Error(`the shell told no CPU time of dnsperf:\n${said}`)
  return ((user + system) / answered) * 1e6
}
