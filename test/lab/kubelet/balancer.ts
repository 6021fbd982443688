/**
 * A load balancer of TCP, to be run where its addresses are: `balancer.ts API DNS` takes connections to port 6443 of any
 * address and passes them on to the socket file API, and DNS queries to port 53 over the socket file DNS. Socket files
 * join networks that packets do not. It writes `ready`, and runs until its standard input ends.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

const apiPort = 6_443
const dnsPort = 53
const dnsTimeoutMs = 2_000
const any = '0.0.0.0'

async function balance(path: string): Promise<void> {
  const server = createServer((client) => {
    const behind = connect(path)
    for (const [from, to] of [
      [client, behind],
      [behind, client],
    ] as const) {
      from.on('error', () => to.destroy())
      from.pipe(to)
    }
    client.setNoDelay(true)
  })
  server.listen(apiPort, any)
  await once(server, 'listening')
}

/** Over TCP a message has its length before it: RFC 1035, section 4.2.2. */
async function relayQueries(path: string): Promise<void> {
  const socket = createSocket('udp4')
  socket.on('message', (query, { address, port }) => {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(query.length)
    const behind = connect(path, () => behind.write(Buffer.concat([length, query])))
    behind.setTimeout(dnsTimeoutMs, () => behind.destroy())
    behind.on('error', () => undefined)
    let reply = Buffer.alloc(0)
    behind.on('data', (chunk) => {
      reply = Buffer.concat([reply, chunk])
      if (reply.length < 2 || reply.length < 2 + reply.readUInt16BE(0)) return
      socket.send(reply.subarray(2), port, address)
      behind.destroy()
    })
  })
  socket.bind(dnsPort, any)
  await once(socket, 'listening')
}

const [api = '', dns = ''] = process.argv.slice(2)
await Promise.all([balance(api), relayQueries(dns)])
process.stdout.write('ready\n')
process.stdin.on('end', () => process.exit(0)).resume()
