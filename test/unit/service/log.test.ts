import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger, toLogfmt } from '../../../exporter/service/log.ts'

test('logfmt lines start with time, level and message, and quote what needs it', () => {
  const line = toLogfmt({
    level: 'info',
    ts: '2026-01-01T00:00:00Z',
    n: 1,
    list: ['a', 'b'],
    msg: 'two words',
    bare: 'x',
  })
  assert.equal(line, 'ts=2026-01-01T00:00:00Z level=info msg="two words" n=1 list="[\\"a\\",\\"b\\"]" bare=x\n')
})

test('a line break in a value cannot start a new log line', () => {
  assert.equal(toLogfmt({ msg: 'a\nlevel=error' }), 'msg="a\\nlevel=error"\n')
})

test('both forms carry the same fields, and lines under the level are left out', () => {
  for (const format of ['json', 'logfmt'] as const) {
    const lines: string[] = []
    const log = createLogger('info', format, { write: (line) => void lines.push(line) }).child({ cluster: 'c' })
    log.debug({}, 'hidden')
    log.warn({ err: 'e' }, 'shown')
    assert.equal(lines.length, 1)
    for (const part of ['ts', 'warn', 'shown', 'cluster', 'err'])
      assert.ok(lines[0]?.includes(part), `${format} ${part}`)
  }
})
