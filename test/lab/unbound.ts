import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findTool } from '../tools/find.ts'
import { onFreePort, startDaemon } from './daemon.ts'
import { answersFor } from './dns-probe.ts'

/** Unbound on loopback: a caching resolver without DNSSEC that asks one authoritative server on loopback. */
export interface Unbound {
  readonly port: number
  /** `127.0.0.1:port` */
  readonly address: string
  stop(): Promise<void>
}

/** `upstream` is authoritative for `zone`; nothing else is resolved. */
export async function startUnbound(zone: string, upstream: { readonly port: number }): Promise<Unbound> {
  const tool = await findTool('unbound')
  const folder = await mkdtemp(join(tmpdir(), 'unbound-'))
  try {
    return await onFreePort(async (port) => {
      await writeFile(join(folder, 'unbound.conf'), configuration(zone, folder, port, upstream.port))
      const daemon = await startDaemon({
        command: tool.command,
        args: ['-d', '-c', join(folder, 'unbound.conf')],
        env: tool.env,
        ready: () => answersFor(zone, port),
      })
      return {
        port,
        address: `127.0.0.1:${port}`,
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

function configuration(zone: string, folder: string, port: number, upstream: number): string {
  return `server:
  interface: 127.0.0.1
  port: ${port}
  access-control: 127.0.0.0/8 allow
  do-ip6: no
  do-daemonize: no
  use-syslog: no
  logfile: ""
  chroot: ""
  username: ""
  directory: "${folder}"
  pidfile: ""
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
  rrset-roundrobin: yes
  local-zone: "." transparent
stub-zone:
  name: ${zone}
  stub-addr: 127.0.0.1@${upstream}
  stub-prime: no
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@${upstream}
remote-control:
  control-enable: no
`
}
