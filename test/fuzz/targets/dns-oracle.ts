/**
 * A second reader of DNS replies, written from RFC 1035 alone and slow: what the program lets in is compared with it, so
 * that no packet can be read as something that it does not say.
 */
const typeNumbers = new Map([
  [1, 'A'],
  [28, 'AAAA'],
  [5, 'CNAME'],
  [2, 'NS'],
  [33, 'SRV'],
])

export interface OracleRecord {
  readonly name: string
  readonly type: string
  readonly ttlSeconds: number
  readonly data: string
}

/** The records of the answer section, or undefined where the message does not hold what its counts say. */
export function readAnswers(message: Buffer): readonly OracleRecord[] | undefined {
  try {
    const reader = new Reader(message, 12)
    for (let left = message.readUInt16BE(4); left > 0; left -= 1) {
      reader.name()
      reader.advance(4)
    }
    const answers: OracleRecord[] = []
    for (let left = message.readUInt16BE(6); left > 0; left -= 1) {
      const record = reader.record()
      if (record !== undefined) answers.push(record)
    }
    for (let left = message.readUInt16BE(8) + message.readUInt16BE(10); left > 0; left -= 1) reader.record()
    return answers
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

class Reader {
  readonly #message: Buffer
  #at: number

  constructor(message: Buffer, at: number) {
    this.#message = message
    this.#at = at
  }

  advance(bytes: number): void {
    if (this.#at + bytes > this.#message.length) throw new RangeError('beyond the end')
    this.#at += bytes
  }

  /** Pointers go back, or a message could make a reader go round for ever (RFC 1035 4.1.4: "a prior occurrence"). */
  name(): string {
    const labels: string[] = []
    let at = this.#at
    let end: number | undefined
    for (let steps = 0; steps <= this.#message.length; steps += 1) {
      const length = this.#message.readUInt8(at)
      if (length >= 0xc0) {
        end ??= at + 2
        at = this.#message.readUInt16BE(at) & 0x3fff
      } else if (length > 0x3f) {
        throw new RangeError('a label of a kind that is not in use')
      } else if (length === 0) {
        this.#at = end ?? at + 1
        return labels.length === 0 ? '.' : labels.join('.').toLowerCase()
      } else {
        if (at + 1 + length > this.#message.length) throw new RangeError('beyond the end')
        labels.push(this.#message.toString('utf8', at + 1, at + 1 + length))
        at += 1 + length
      }
    }
    throw new RangeError('pointers in a circle')
  }

  /** Past the name, wherever its pointer leads. */
  #passName(): void {
    for (;;) {
      const length = this.#message.readUInt8(this.#at)
      this.advance(length >= 0xc0 ? 2 : 1 + length)
      if (length === 0 || length >= 0xc0) return
    }
  }

  /** Undefined for records of a type that nobody reads, whose names nobody reads either. */
  record(): OracleRecord | undefined {
    const owner = new Reader(this.#message, this.#at)
    this.#passName()
    const head = this.#at
    this.advance(10)
    const type = typeNumbers.get(this.#message.readUInt16BE(head))
    const internet = (this.#message.readUInt16BE(head + 2) & 0x7fff) === 1
    const ttl = this.#message.readUInt32BE(head + 4)
    const begin = this.#at
    this.advance(this.#message.readUInt16BE(head + 8))
    if (type === undefined || !internet) return undefined
    const inside = new Reader(this.#message, begin)
    const data = inside.#data(type, this.#at - begin)
    if (inside.#at !== this.#at) throw new RangeError('data of another length than it says')
    return { name: owner.name(), type, ttlSeconds: ttl > 0x7fffffff ? 0 : ttl, data }
  }

  #data(type: string, length: number): string {
    const bytes = this.#message.subarray(this.#at, this.#at + length)
    if (type === 'CNAME' || type === 'NS') return this.name()
    this.advance(type === 'A' ? 4 : type === 'AAAA' ? 16 : 6)
    if (type === 'A') return bytes.join('.')
    if (type === 'AAAA') return bytes.toString('hex')
    if (length < 7) throw new RangeError('no room for a target')
    return `${[0, 2, 4].map((at) => bytes.readUInt16BE(at)).join(' ')} ${this.name()}`
  }
}
