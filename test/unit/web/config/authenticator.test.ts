import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import bcrypt from 'bcrypt'
import fc from 'fast-check'
import { Authenticator, type Compare, parseBasic } from '../../../../exporter/web/config/authenticator.ts'
import { decoyHash, parseHash } from '../../../../exporter/web/config/bcrypt-hash.ts'
import type { Users } from '../../../../exporter/web/config/web-config.ts'

const passwords = { dave: 'dave123', zoë: 'pass:with:colons', empty: '' }
let users: Users

before(async () => {
  const hashes = new Map<string, string>()
  for (const [name, password] of Object.entries(passwords)) hashes.set(name, await bcrypt.hash(password, 4))
  users = { hashes, decoy: decoyHash(4) }
})

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
const raw = (bytes: Uint8Array) => `Basic ${Buffer.from(bytes).toString('base64')}`

test('the right password is let in, with colons, in UTF-8, and empty where it was set so; the scheme in any case', async () => {
  const authenticator = new Authenticator()
  for (const [name, password] of Object.entries(passwords)) {
    assert.equal(await authenticator.check(basic(name, password), users), 'allowed', name)
  }
  assert.equal(await authenticator.check(basic('dave', 'dave123').replace('Basic', 'bAsIc'), users), 'allowed')
})

test('everything that is near the right credentials is refused', async () => {
  const authenticator = new Authenticator()
  const near = [
    undefined,
    '',
    'Basic',
    'Basic ',
    'Bearer dave123',
    `Digest ${basic('dave', 'dave123')}`,
    basic('dave', ''),
    basic('dave', 'dave124'),
    basic('dave', 'Dave123'),
    basic('dave', 'dave123 '),
    basic('dave', 'dave123\0'),
    basic('Dave', 'dave123'),
    basic('dave ', 'dave123'),
    basic(' dave', 'dave123'),
    basic('dave\0', 'dave123'),
    basic('', 'dave123'),
    basic('', ''),
    basic('nobody', ''),
    basic('nobody', 'dave123'),
    basic('__proto__', ''),
    basic('constructor', 'dave123'),
    basic('zoe\u0308', 'pass:with:colons'),
    basic('zoë', 'pass'),
    basic('dave', users.hashes.get('dave') ?? ''),
    basic('\ufeffdave', 'dave123'),
    raw(Buffer.from('dave')),
    raw(Buffer.from('zo\xeb:pass:with:colons', 'latin1')),
    `${basic('dave', 'dave123')}, ${basic('dave', 'x')}`,
    `${basic('dave', 'dave123')} x`,
    basic('dave', 'dave123').replace('Basic ', 'Basic  '),
    `${basic('dave', 'dave123')}=`,
    basic('zoë', 'pass:with:colons').slice(0, -1),
    `${basic('dave', 'dave12')}====`,
    `Basic dave:dave123`,
    `Basic ${Buffer.from('dave:dave123').toString('base64url').replace(/^/, '-')}`,
  ]
  for (const header of near) assert.equal(await authenticator.check(header, users), 'refused', JSON.stringify(header))
})

test('a hash that changed counts at once, also for credentials that were let in before', async () => {
  const authenticator = new Authenticator()
  assert.equal(await authenticator.check(basic('dave', 'dave123'), users), 'allowed')
  const changed = { ...users, hashes: new Map([['dave', await bcrypt.hash('other', 4)]]) }
  assert.equal(await authenticator.check(basic('dave', 'dave123'), changed), 'refused')
  assert.equal(await authenticator.check(basic('dave', 'other'), changed), 'allowed')
  assert.equal(await authenticator.check(basic('dave', 'dave123'), { ...users, hashes: new Map() }), 'refused')
})

/** All comparisons made, and those of guesses do not end before `open`. */
function counted() {
  const gate = Promise.withResolvers<void>()
  const compared: { readonly password: string; readonly hash: string }[] = []
  const compare: Compare = async (password, hash) => {
    compared.push({ password: password.toString(), hash })
    if (password.toString().startsWith('guess')) await gate.promise
    return await bcrypt.compare(password, hash)
  }
  return { authenticator: new Authenticator(compare), compared, open: gate.resolve }
}

test('a user who does not exist costs what the dearest one does, so that the time does not tell who exists', async () => {
  const { authenticator, compared } = counted()
  const uneven = { ...users, decoy: decoyHash(6) }
  for (const user of ['nobody', 'somebody', '']) {
    assert.equal(await authenticator.check(basic(user, 'dave123'), uneven), 'refused')
  }
  assert.deepEqual(compared, Array(3).fill({ password: 'dave123', hash: decoyHash(6) }))
  assert.equal(await authenticator.check(basic('dave', 'wrong'), uneven), 'refused')
  assert.deepEqual(compared.at(-1), { password: 'wrong', hash: users.hashes.get('dave') })
})

test('guesses in any number push out nobody who was let in, and beyond 100 that wait they are sent away', async () => {
  const { authenticator, open } = counted()
  assert.equal(await authenticator.check(basic('dave', 'dave123'), users), 'allowed')
  const guesses = Array.from({ length: 150 }, (_, index) => authenticator.check(basic('dave', `guess ${index}`), users))
  assert.equal(await authenticator.check(basic('dave', 'dave123'), users), 'allowed', 'it waits for no comparison')
  open()
  const verdicts = Map.groupBy(await Promise.all(guesses), (verdict) => verdict)
  assert.equal(verdicts.get('refused')?.length, 100)
  assert.equal(verdicts.get('busy')?.length, 50)
  assert.equal(await authenticator.check(basic('dave', 'another'), users), 'refused', 'the queue is free again')
})

test('the same credentials at once are compared once', async () => {
  const { authenticator, compared } = counted()
  const logins = Array.from({ length: 40 }, () => authenticator.check(basic('dave', 'dave123'), users))
  assert.deepEqual(await Promise.all(logins), Array(40).fill('allowed'))
  assert.equal(compared.length, 1)
})

test('what RFC 7617 carries is read as it was, and whatever else comes is nobody', () => {
  const name = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes(':') && text.isWellFormed())
  fc.assert(
    fc.property(name, fc.uint8Array({ maxLength: 100 }), (user, password) => {
      const header = raw(Buffer.concat([Buffer.from(`${user}:`), password]))
      assert.deepEqual(parseBasic(header), { user, password: Buffer.from(password) })
    }),
  )
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parsed = parseBasic(text)
      assert.ok(parsed === undefined || /^basic /i.test(text))
    }),
  )
})

test('$2a$, $2b$ and $2y$ are one algorithm, also for passwords beyond 255 bytes', async () => {
  const { hashes } = users
  const hash = hashes.get('dave') ?? ''
  for (const minor of ['a', 'b', 'y']) {
    const parsed = parseHash(hash.replace('$2b$', `$2${minor}$`))
    assert.ok(parsed.ok && parsed.hash === hash, minor)
  }
  // The library's $2a$ counts the length of the password in one byte.
  const wrapped = basic('dave', `dave123\0${'x'.repeat(248)}dave123`)
  assert.equal(await new Authenticator().check(wrapped, users), 'refused')
})
