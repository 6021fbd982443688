import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namesFor, parseSearchList } from '../../../../exporter/sources/dns/search-list.ts'

test('The last search or domain line holds, and ndots is what the options say up to 15', () => {
  const list = (...lines: string[]) => parseSearchList(lines.join('\r\n'))
  assert.deepEqual(list('nameserver 10.0.0.2'), { domains: [], ndots: 1 })
  assert.deepEqual(list('search a.test b.test.', 'options timeout:2 ndots:5'), {
    domains: ['a.test', 'b.test'],
    ndots: 5,
  })
  assert.deepEqual(list('search a.test b.test', 'domain c.test'), { domains: ['c.test'], ndots: 1 })
  assert.deepEqual(list('domain c.test', 'search .', 'options ndots:99'), { domains: [], ndots: 15 })
  assert.equal(
    list(`search ${Array.from({ length: 40 }, (_, index) => `d${index}.test`).join(' ')}`).domains.length,
    32,
  )
})

test('A name is tried as it is first where it has ndots dots, last where it has fewer, alone where it ends with one', () => {
  const pod = { domains: ['prod.svc.cluster.local', 'svc.cluster.local', 'cluster.local'], ndots: 5 }
  assert.deepEqual(namesFor('kubernetes.default.svc', pod), [
    'kubernetes.default.svc.prod.svc.cluster.local',
    'kubernetes.default.svc.svc.cluster.local',
    'kubernetes.default.svc.cluster.local',
    'kubernetes.default.svc',
  ])
  assert.deepEqual(namesFor('kubernetes.default.svc.', pod), ['kubernetes.default.svc'])
  const host = { domains: ['corp.test'], ndots: 1 }
  assert.deepEqual(namesFor('api.example.com', host), ['api.example.com', 'api.example.com.corp.test'])
  assert.deepEqual(namesFor('api', host), ['api.corp.test', 'api'])
})
