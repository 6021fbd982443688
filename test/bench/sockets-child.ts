/**
 * A machine's established TCP connections, in the network namespace of its caller: so many rows of /proc/net/tcp, of
 * which both ends are in this process. Each twentieth row goes to an address of `watched`. Says `ready` when they stand.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { parseArgs } from 'node:util'

/** 127.1.0.0/16: every address of 127.0.0.0/8 is the machine's own. */
export const watchedAddresses: readonly string[] = ['127.1.0.1', '127.1.0.2', '127.1.0.3', '127.1.0.4']
const watchedEach = 10
const othersPerAddress = 64

function addressOf(pair: number): string {
  const watched = watchedAddresses[(pair / watchedEach) % watchedAddresses.length]
  if (pair % watchedEach === 0 && watched !== undefined) return watched
  return `127.2.${Math.floor(pair / othersPerAddress)}.${(pair % othersPerAddress) + 1}`
}

async function main(rows: number): Promise<void> {
  const server = createServer()
  server.listen(0, '0.0.0.0')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const sockets: Socket[] = []
  for (let pair = 0; pair < rows / 2; pair += 1) {
    const socket = connect({ host: addressOf(pair), port })
    await once(socket, 'connect')
    sockets.push(socket)
  }
  process.stdout.write(`ready ${sockets.length}\n`)
}

if (import.meta.main) await main(Number(parseArgs({ allowPositionals: true }).positionals[0]))
