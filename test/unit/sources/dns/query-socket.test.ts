import assert from 'node:assert/strict'
import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { QuerySocket } from '../../../../exporter/sources/dns/query-socket.ts'
import { serverAddress } from '../../../../exporter/sources/dns/server-address.ts'
import { encodeQuestion } from '../../../../exporter/sources/dns/wire.ts'

/** Who sends, as a server at this address sees it. */
async function senderSeenBy(t: TestContext, address: string): Promise<RemoteInfo> {
  const peer = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  t.after(() => peer.close())
  peer.bind(0, address)
  await once(peer, 'listening')
  const server = serverAddress(address, peer.address().port)
  assert.ok(server)
  const socket = await QuerySocket.open(server)
  t.after(() => socket.retire())
  const received = once(peer, 'message')
  const asked = encodeQuestion({ hostname: 'api.example.com', type: 'A' }, { recursionDesired: true, edns: true })
  const ignore = () => {}
  const packet = { asked, id: 0, onReply: ignore, lateListener: ignore, onDrop: ignore, onSocketError: ignore }
  socket.send(packet)
  const [, remote] = (await received) as [Buffer, RemoteInfo]
  socket.forget(packet)
  return remote
}

test("A socket has the address that the kernel chooses on the way to the server, and not the server's own", async (t) => {
  assert.equal((await senderSeenBy(t, '127.0.0.9')).address, '127.0.0.1')
})

test('A socket reaches a server at an IPv6 address', async (t) => {
  assert.equal((await senderSeenBy(t, '::1')).family, 'IPv6')
})
