import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findTool, type Tool } from '../tools/find.ts'
import { onFreePort, startDaemon } from './daemon.ts'
import { answersFor } from './dns-probe.ts'

/** Knot DNS on loopback, authoritative for one zone, changed by dynamic updates (RFC 2136). */
export interface Knot {
  readonly zone: string
  readonly port: number
  /** `127.0.0.1:port` */
  readonly address: string
  /** One update message of lines such as `delete api.lab.example. A` or `add api.lab.example. 2 A 192.0.2.1`. */
  update(lines: readonly string[]): Promise<void>
  stop(): Promise<void>
}

/** `records` are lines of a zone file. Negative answers live for one second. */
export async function startKnot(zone: string, records: readonly string[]): Promise<Knot> {
  const [knotd, knsupdate] = [await findTool('knotd'), await findTool('knsupdate')]
  const folder = await mkdtemp(join(tmpdir(), 'knot-'))
  try {
    await mkdir(join(folder, 'db'))
    await writeFile(join(folder, 'zone'), zoneFile(zone, records))
    return await onFreePort(async (port) => {
      await writeFile(join(folder, 'knot.conf'), configuration(zone, folder, port))
      const daemon = await startDaemon({
        command: knotd.command,
        args: ['--config', join(folder, 'knot.conf')],
        env: knotd.env,
        ready: () => answersFor(zone, port),
      })
      return {
        zone,
        port,
        address: `127.0.0.1:${port}`,
        update: (lines) => update(knsupdate, zone, port, lines),
        async stop() {
          await daemon.stop()
          await rm(folder, { recursive: true, force: true })
        },
      }
    })
  } catch (cause) {
    await rm(folder, { recursive: true, force: true })
    throw cause
  }
}

function zoneFile(zone: string, records: readonly string[]): string {
  return [
    `${zone}. 3600 IN SOA ns.${zone}. hostmaster.${zone}. 1 3600 600 86400 1`,
    `${zone}. 3600 IN NS ns.${zone}.`,
    `ns.${zone}. 3600 IN A 127.0.0.1`,
    ...records,
    '',
  ].join('\n')
}

function configuration(zone: string, folder: string, port: number): string {
  return `server:
    rundir: ${folder}
    listen: 127.0.0.1@${port}
    answer-rotation: on
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: ${folder}/db
acl:
  - id: loopback
    address: 127.0.0.0/8
    action: update
zone:
  - domain: ${zone}
    storage: ${folder}
    file: zone
    acl: loopback
    zonefile-sync: -1
    journal-content: all
`
}

async function update(tool: Tool, zone: string, port: number, lines: readonly string[]): Promise<void> {
  const child = spawn(tool.command, ['-t', '3'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...tool.env },
    timeout: 10_000,
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk
  })
  const closed = once(child, 'close')
  const commands = [`server 127.0.0.1 ${port}`, `zone ${zone}.`, ...lines.map((line) => `update ${line}`), 'send', '']
  child.stdin.end(commands.join('\n'))
  const [code] = await closed
  if (code !== 0) throw new Error(`The dynamic update of ${zone} failed: ${said}`)
}
