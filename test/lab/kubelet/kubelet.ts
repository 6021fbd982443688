/**
 * A program that renews leases as kubelets do, to be run on a machine of the lab. It writes `ready`, reads the options of
 * its kubelets as one line, and then writes a line for each event (options.ts), until its standard input ends.
 *
 * It leaves a connection only where the kernel reports an error, or the ping of HTTP/2 does; see http1.ts and http2.ts
 * for what a time-out of a request does. It asks for addresses only when it dials. A renewal that failed is tried again
 * at once, 5 times, as k8s.io/component-helpers/apimachinery/lease has it (maxUpdateRetries), and then when the next one
 * is due. A renewal that is due while one is under way is left out.
 */
import { Resolver } from 'node:dns'
import { readFileSync } from 'node:fs'
import type { LookupFunction } from 'node:net'
import { createInterface } from 'node:readline'
import { Http1Connection } from './http1.ts'
import { Http2Connection } from './http2.ts'
import { type Connection, type Dialing, type KubeletOptions, reasonOf, type Tell } from './options.ts'

const triesAtOnce = 5
const dnsTimeoutMs = 2_000
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'

function lookupOf({ api: { resolver: server, pick } }: KubeletOptions): LookupFunction {
  const resolver = new Resolver({ timeout: dnsTimeoutMs, tries: 2 })
  resolver.setServers([server])
  return (hostname, { all }, done) =>
    resolver.resolve4(hostname, (error, found) => {
      const address = found?.sort()[pick % Math.max(1, found.length)]
      if (error !== null || address === undefined) done(error ?? new Error(`no address of ${hostname}`), '')
      else if (all === true) done(null, [{ address, family: 4 }])
      else done(null, address, 4)
    })
}

async function renew(node: string, connection: Connection, tell: Tell): Promise<void> {
  for (let tries = 1; tries <= triesAtOnce; tries++) {
    try {
      const spec = { holderIdentity: node, leaseDurationSeconds: 40, renewTime: new Date().toISOString() }
      tell({ event: 'asked' })
      await connection.put(`${leases}/${node}`, JSON.stringify({ metadata: { name: node }, spec }))
      tell({ event: 'renewed' })
      return
    } catch (error) {
      tell({ event: 'failed', reason: reasonOf(error) })
    }
  }
}

function start(options: KubeletOptions): void {
  const { node, everyMs, renewsAtMs = Date.now() } = options
  const tell: Tell = (told) => void process.stdout.write(`${JSON.stringify({ node, atMs: Date.now(), ...told })}\n`)
  const dialing: Dialing = { lookup: lookupOf(options), ca: readFileSync(options.api.ca), options, tell }
  const connection = options.protocol === 'http1' ? new Http1Connection(dialing) : new Http2Connection(dialing)
  const next = () => {
    const phaseMs = (((Date.now() - renewsAtMs) % everyMs) + everyMs) % everyMs
    setTimeout(() => void renew(node, connection, tell).then(next), everyMs - phaseMs)
  }
  // The first one at once: a machine has its connection before a story begins.
  void renew(node, connection, tell).then(next)
}

process.stdout.write('ready\n')
const input = createInterface({ input: process.stdin })
input.once('line', (line) => {
  const all: readonly KubeletOptions[] = JSON.parse(line)
  for (const options of all) start(options)
})
// The one who started it is gone: so are we.
input.once('close', () => process.exit(0))
