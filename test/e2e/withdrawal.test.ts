import assert from 'node:assert/strict'
import { test } from 'node:test'
import { World } from './world.ts'

/** By the contract 2 minutes where 3 schedules are shorter. */
const withdrawnAfterMs = 120_000

test('rule 1: values of a source that stays silent are withdrawn after 2 minutes, not before, and come back', async (t) => {
  const world = await World.start()
  t.after(() => world.close())
  const exporter = await world.exporter()
  await exporter.ready()
  await exporter.until((metrics) => metrics.value('elb_addresses') === 2, 'two addresses')
  world.dns.behave('*', { rcode: 'SERVFAIL' })
  world.aws.fail('*', 'error-503')
  world.kubernetes.fault({ on: 'any', status: 500 })
  world.kubernetes.resetConnections()
  const silentSince = Date.now()
  await exporter.until(
    (metrics) => metrics.lines('collector_up').every((line) => line.endsWith(' 0')),
    'all down',
    30_000,
  )
  await new Promise((resolve) => setTimeout(resolve, silentSince + withdrawnAfterMs - 5_000 - Date.now()))
  const before = await exporter.metrics()
  const present = [
    'elb_addresses',
    'elb_address_info',
    'elb_info',
    'dns_answers',
    'dns_answer_info',
    'nodes{',
    'nodes_not_ready_ratio',
  ]
  for (const name of present) assert.ok(before.lines(name).length > 0, `${name} stays for 2 minutes`)
  const gone = await exporter.until(
    (metrics) => present.every((name) => metrics.lines(name).length === 0),
    'all values withdrawn',
    30_000,
  )
  assert.ok(Date.now() - silentSince >= withdrawnAfterMs - 1_000)
  assert.equal(gone.value('elb_address_changes_total', 'removed'), 0)
  assert.equal(gone.value('collector_up', 'nodes'), 0)
  assert.equal((await exporter.get('/-/healthy')).status, 200)
  world.dns.behave('*', {})
  world.aws.clearFaults()
  world.kubernetes.clearFaults()
  const back = await exporter.until(
    (metrics) => present.every((name) => metrics.lines(name).length > 0),
    'all values back',
    45_000,
  )
  assert.equal(back.value('elb_address_changes_total', 'added'), 0)
  assert.equal(back.value('dns_answer_changes_total'), 0)
})
