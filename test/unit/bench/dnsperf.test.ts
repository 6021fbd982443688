import assert from 'node:assert/strict'
import { test } from 'node:test'
import { microsPerQuery } from '../../bench/dnsperf.ts'

const said = (codes: string, times = '0m0.000000s 0m0.010000s\n0m0.300000s 1m0.480000s') =>
  `Statistics:\n\n  Queries sent:         100000\n  Response codes:       ${codes}\n\n${times}\n`

test('The CPU time of a query is the user and system time of dnsperf itself over the queries.', () => {
  assert.ok(Math.abs(microsPerQuery(said('NOERROR 100000 (100.00%)'), 100_000) - 607.8) < 1e-6)
})

test('A run in which queries were lost or refused is a failure, since those cost less.', () => {
  assert.throws(() => microsPerQuery(said('NOERROR 99999 (99.99%), SERVFAIL 1 (0.01%)'), 100_000), /99999 of 100000/)
  assert.throws(() => microsPerQuery(said('REFUSED 100000 (100.00%)'), 100_000), /NaN of 100000/)
})

test('A shell that tells no times is a failure and not a cost of nothing.', () => {
  assert.throws(() => microsPerQuery(said('NOERROR 100000 (100.00%)', ''), 100_000), /no CPU time/)
})
