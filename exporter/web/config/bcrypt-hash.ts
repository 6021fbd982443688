/** The longest work one password may cost: cost 18 takes about 20 s, and each step more takes twice as long. */
const maxCost = 18
const form = /^\$2(?<minor>[aby])\$(?<cost>\d\d)\$(?<rest>[./A-Za-z0-9]{53})$/

export type ParsedHash = { readonly ok: true; readonly hash: string; readonly cost: number } | NotParsed
interface NotParsed {
  readonly ok: false
  /** What is wrong, without a character of the hash. */
  readonly why: string
}

/**
 * A bcrypt hash in the one form that is compared, `$2b$`. `$2a$` and `$2y$` name the same algorithm, and the library
 * keeps an old fault for `$2a$` and passwords from 255 bytes on.
 */
export function parseHash(text: string): ParsedHash {
  const { cost, rest } = form.exec(text)?.groups ?? {}
  if (cost === undefined || rest === undefined) {
    return { ok: false, why: 'is no bcrypt hash ($2a$, $2b$ or $2y$, 60 characters); make one with htpasswd -nBC 10' }
  }
  if (Number(cost) < 4 || Number(cost) > 31) return { ok: false, why: `has the cost ${cost}; bcrypt knows 4 to 31` }
  if (Number(cost) > maxCost) {
    return { ok: false, why: `has the cost ${cost}, minutes of work for each login; the most is ${maxCost}` }
  }
  return { ok: true, hash: `$2b$${cost}$${rest}`, cost: Number(cost) }
}

/** A hash of that cost which no known password has: it only takes the time of a comparison. */
export function decoyHash(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`
}
