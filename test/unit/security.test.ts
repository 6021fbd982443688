import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { fuzzTargets } from '../fuzz/targets/index.ts'

const root = resolve(import.meta.dirname, '../..')

/** Titles of all tests: those of the corpus are made of the names of its targets. */
function titles(): Set<string> {
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  const texts = files
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(root, 'test', name), 'utf8'))
  const literal = /\b(?:test|it)\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g
  const written = texts.flatMap((text) =>
    [...text.matchAll(literal)].map(([, single, double]) => single ?? double ?? ''),
  )
  const made = fuzzTargets().map(({ name }) => `${name} keeps its promises on all kept inputs and 600 edits of them`)
  return new Set([...written, ...made])
}

test('Every claim of the threat model names a test that there is', () => {
  const text = readFileSync(join(root, 'SECURITY.md'), 'utf8')
  const section = text.split(/^## /m).find((part) => part.startsWith('Threat model')) ?? ''
  const claims = section.split('\n').filter((line) => /^\| (?!who|---)/.test(line))
  const known = titles()
  assert.ok(claims.length > 10)
  for (const claim of claims) {
    const title = /`([^`]+)` \|$/.exec(claim)?.[1] ?? ''
    assert.ok(known.has(title), `no test has the title "${title}"`)
  }
})
