/**
 * Basic authentication (RFC 7617) against bcrypt hashes. Unknown users take the time of known ones. One comparison runs
 * at a time, on a thread; its result is kept under a keyed hash of name, bcrypt hash and password, so that a password
 * stays in memory no longer than its comparison, and a changed hash counts at once.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { compare as bcryptCompare } from 'bcrypt'
import type { Users } from './web-config.ts'

/** Of each kind: guesses must not push out those who may enter. */
const maxKept = 100
/** More comparisons than these, of tens of milliseconds each, are worth no wait. */
const maxWaiting = 100

export type Verdict = 'allowed' | 'refused' | 'busy'
export type Compare = (password: Buffer, hash: string) => Promise<boolean>

export class Authenticator {
  readonly #secret = randomBytes(32)
  readonly #allowed = new Set<string>()
  readonly #refused = new Set<string>()
  readonly #compare: Compare
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(compare: Compare = bcryptCompare) {
    this.#compare = compare
  }

  /** `header`: the Authorization field of the request. */
  async check(header: string | undefined, users: Users): Promise<Verdict> {
    const credentials = parseBasic(header)
    if (credentials === undefined) return 'refused'
    const { user, password } = credentials
    const known = users.hashes.get(user)
    const hash = known ?? users.decoy
    const key = this.#keyOf(user, hash, password)
    const kept = this.#kept(key)
    if (kept !== undefined) return kept
    if (this.#waiting >= maxWaiting) return 'busy'
    return await this.#inTurn(async () => {
      // Somebody before may have asked the same.
      const verdict =
        this.#kept(key) ?? ((await this.#compare(password, hash)) && known !== undefined ? 'allowed' : 'refused')
      keep(verdict === 'allowed' ? this.#allowed : this.#refused, key)
      return verdict
    })
  }

  #kept(key: string): 'allowed' | 'refused' | undefined {
    if (this.#allowed.has(key)) return 'allowed'
    return this.#refused.has(key) ? 'refused' : undefined
  }

  async #inTurn<T>(run: () => Promise<T>): Promise<T> {
    this.#waiting += 1
    const mine = this.#last.then(run)
    this.#last = mine.catch(() => undefined)
    try {
      return await mine
    } finally {
      this.#waiting -= 1
    }
  }

  #keyOf(user: string, hash: string, password: Buffer): string {
    const hmac = createHmac('sha256', this.#secret)
    for (const part of [Buffer.from(user), Buffer.from(hash), password]) {
      hmac.update(`${part.length}:`).update(part)
    }
    return hmac.digest('base64')
  }
}

function keep(keys: Set<string>, key: string): void {
  const [oldest] = keys
  if (keys.size >= maxKept && oldest !== undefined && !keys.has(key)) keys.delete(oldest)
  keys.add(key)
}

/** RFC 7617, section 2. The name is UTF-8 or nobody's; the password is bytes. */
export function parseBasic(header: string | undefined): { user: string; password: Buffer } | undefined {
  const token = /^basic (?<token>[A-Za-z0-9+/]+={0,2})$/i.exec(header ?? '')?.groups?.token
  if (token === undefined || token.length % 4 !== 0) return undefined
  const bytes = Buffer.from(token, 'base64')
  const colon = bytes.indexOf(':')
  if (colon < 0) return undefined
  try {
    const user = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, colon))
    return { user, password: bytes.subarray(colon + 1) }
  } catch {
    return undefined
  }
}
