/**
 * Both ends of TCP connections that behave in a known way, to be run in network namespaces:
 *   netns-peer.ts server PORT
 *   netns-peer.ts client PORT ADDRESS=BEHAVIOUR ...
 * Either writes `ready` once all is in place, and runs until it is killed.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** The client's first byte tells the server how to behave. */
const behaviours = {
  /** A small request 10 times a second, answered at once. */
  chatty: (socket: Socket) => repeat(100, () => socket.write('renew the lease, please')),
  /** Says hello and is silent from then on. */
  idle: () => undefined,
  /** Requests that are answered after 3 s. */
  slow: (socket: Socket) => repeat(4_000, () => socket.write('think about it')),
  /** More than the server reads: its window closes, and stays so. */
  choked: (socket: Socket) => void socket.write(Buffer.alloc(8 * 1024 * 1024)),
  /** 3 MB/s in both directions. */
  busy: (socket: Socket) => repeat(20, () => socket.writableLength === 0 && socket.write(Buffer.alloc(64 * 1024))),
} as const

type Behaviour = keyof typeof behaviours

const letters: Readonly<Record<Behaviour, string>> = { chatty: 'e', idle: 'e', slow: 's', choked: 'c', busy: 'e' }
const thinkingMs = 3_000

function repeat(everyMs: number, act: () => unknown): void {
  setInterval(act, everyMs)
}

async function serve(port: number): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (first: Buffer) => {
      const letter = first.toString('latin1', 0, 1)
      if (letter === 'c') socket.pause()
      else if (letter === 's') socket.on('data', () => setTimeout(() => socket.write('done'), thinkingMs))
      else socket.on('data', (chunk) => socket.write(chunk))
    })
  })
  server.listen(port, '0.0.0.0')
  await once(server, 'listening')
}

async function dial(port: number, text: string): Promise<void> {
  const [address = '', name = ''] = text.split('=')
  if (!(name in behaviours)) throw new Error(`no behaviour ${name}`)
  const behaviour = name as Behaviour
  const socket = connect({ host: address, port })
  await once(socket, 'connect')
  socket.on('error', (error) => process.stdout.write(`${address} ${error.message}\n`))
  socket.resume()
  socket.setNoDelay(true)
  socket.write(letters[behaviour])
  behaviours[behaviour](socket)
}

const [role, port = '', ...connections] = process.argv.slice(2)
if (role === 'server') await serve(Number(port))
else await Promise.all(connections.map((text) => dial(Number(port), text)))
process.stdout.write('ready\n')
// The one who started it is gone: so are we.
process.stdin.on('end', () => process.exit(0)).resume()
