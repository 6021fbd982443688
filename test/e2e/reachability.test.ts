import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { World } from './world.ts'

test('each address in DNS and each that left is tried, and says whether it takes connections', async (t) => {
  const server = createServer((socket) => socket.resume()).listen(0, '127.0.8.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  t.after(() => server.close())
  const world = await World.start(['127.0.8.1', '127.0.8.2'], 0)
  t.after(() => world.close())
  const { schedules, clusters } = world.config(['load_balancers']) as { schedules: object; clusters: [object] }
  const config = { schedules, clusters: [{ ...clusters[0], reachability: { port, timeout: '2s' } }] }
  const exporter = await world.exporter({ config })
  const all = await exporter.until((metrics) => metrics.lines('elb_address_reachable').length === 2, 'both addresses')
  const series = (address: string, state: string) =>
    `elbchurn_elb_address_reachable{cluster="prod",load_balancer="k8s-api",address="${address}",state="${state}"}`
  assert.deepEqual(all.lines('elb_address_reachable'), [
    `${series('127.0.8.1', 'active')} 1`,
    `${series('127.0.8.2', 'active')} 0`,
  ])
  assert.equal(all.value('collector_up', 'reachability'), 1)
  const poll = await (await exporter.get('/debug/poll?cluster=prod&collector=reachability&format=json')).text()
  assert.match(
    poll,
    /"asked":"TCP connect to 127\.0\.8\.1 port \d+","came":\["connected in [\d.]+ ms"\],"decided":"reachable"/,
  )
  assert.match(poll, /127\.0\.8\.2 port \d+","came":\["ECONNREFUSED"\],"decided":"not reachable"/)
  const page = await (await exporter.get('/')).text()
  assert.match(page, /127\.0\.8\.2[\s\S]*unreachable<\/b> <span class="dim">ECONNREFUSED/)
  world.setAddresses(['127.0.8.2'])
  server.close()
  await exporter.until((metrics) => metrics.text.includes(`${series('127.0.8.1', 'retired')} 0`), 'the retired address')
})
