import { createSocket } from 'node:dgram'
import packet from 'dns-packet'

/** true where the server at a loopback port answers for the zone within 200 ms: it is up and has loaded it. */
export async function answersFor(zone: string, port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  const query = packet.encode({
    type: 'query',
    id: 1,
    flags: packet.RECURSION_DESIRED,
    questions: [{ name: zone, type: 'SOA' }],
  })
  const answered = new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), 200)
    const settle = (result: boolean): void => {
      clearTimeout(timer)
      resolve(result)
    }
    socket.once('error', () => settle(false))
    socket.once('message', (message) => settle((packet.decode(message).answers?.length ?? 0) > 0))
    socket.connect(port, '127.0.0.1', () => socket.send(query))
  })
  try {
    return await answered
  } finally {
    socket.close()
  }
}
