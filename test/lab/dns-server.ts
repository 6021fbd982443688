/**
 * A scripted DNS server on loopback: real packets over UDP and TCP on one port. With `zones` it is authoritative for
 * those and refers or refuses the rest; without, it behaves as a recursive resolver that knows all of its records.
 */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, isIPv6, type Server, type Socket as TcpSocket } from 'node:net'
import { type Answer, AUTHORITATIVE_ANSWER, decode, RECURSION_AVAILABLE, RECURSION_DESIRED } from 'dns-packet'
import { type Behaviour, packetsOf, type Reply, type Transport } from './dns-behaviour.ts'
import { lookUp, refusal } from './dns-lookup.ts'
import { canonicalName, LabRecords, type LabRecordType, type RecordOptions } from './dns-records.ts'

export interface LabDnsOptions {
  /** a loopback address; default 127.0.0.1 */
  readonly host?: string
  /** default 0: any free one */
  readonly port?: number
  readonly zones?: readonly string[]
  /** Shared with other servers; default its own. */
  readonly records?: LabRecords
}

export interface LabQuery {
  readonly name: string
  readonly type: string
  readonly transport: Transport
  readonly recursionDesired: boolean
  readonly udpPayloadSize: number | undefined
  readonly sourcePort: number
  readonly id: number
}

const maxLogged = 10_000

export class LabDns {
  readonly records: LabRecords
  readonly host: string
  readonly #zones: readonly string[]
  readonly #behaviours = new Map<string, Behaviour>()
  readonly #asked = new Map<string, number>()
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #connections = new Set<TcpSocket>()
  readonly #udp: UdpSocket
  #tcp: Server | undefined
  #log: LabQuery[] = []
  #closed = false

  private constructor(options: LabDnsOptions) {
    this.records = options.records ?? new LabRecords()
    this.host = options.host ?? '127.0.0.1'
    this.#zones = (options.zones ?? []).map(canonicalName)
    this.#udp = createSocket(isIPv6(this.host) ? 'udp6' : 'udp4')
    this.#udp.on('message', (message, remote) => this.#onDatagram(message, remote))
  }

  static async start(options: LabDnsOptions = {}): Promise<LabDns> {
    for (let attempt = 1; ; attempt++) {
      const server = new LabDns(options)
      try {
        server.#udp.bind(options.port ?? 0, server.host)
        await once(server.#udp, 'listening')
        await server.acceptTcp()
        return server
      } catch (error) {
        await server.close()
        // The free UDP port may be taken for TCP.
        if ((options.port ?? 0) !== 0 || attempt === 10) throw error
      }
    }
  }

  get port(): number {
    return this.#udp.address().port
  }

  /** `host:port`, as the config names a resolver. */
  get address(): string {
    return isIPv6(this.host) ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`
  }

  /** Queries seen, newest last, at most 10,000. */
  get queries(): readonly LabQuery[] {
    return this.#log
  }

  set(name: string, type: LabRecordType, data: readonly string[], options?: RecordOptions): void {
    this.records.set(name, type, data, options)
  }

  /** From now on, and until the next call for the same name. `*` is every name that has no behaviour of its own. */
  behave(name: string, behaviour: Behaviour): void {
    this.#behaviours.set(canonicalName(name), behaviour)
    this.#asked.delete(canonicalName(name))
  }

  count(match: { name?: string; type?: string; transport?: Transport } = {}): number {
    const name = match.name === undefined ? undefined : canonicalName(match.name)
    return this.#log.filter(
      (query) =>
        (name === undefined || query.name === name) &&
        (match.type === undefined || query.type === match.type) &&
        (match.transport === undefined || query.transport === match.transport),
    ).length
  }

  forgetQueries(): void {
    this.#log = []
  }

  /** TCP connections are refused until `acceptTcp`. */
  async refuseTcp(): Promise<void> {
    const tcp = this.#tcp
    this.#tcp = undefined
    for (const connection of this.#connections) connection.destroy()
    if (tcp?.listening) await new Promise((resolve) => tcp.close(resolve))
  }

  async acceptTcp(): Promise<void> {
    const tcp = createServer((connection) => this.#onConnection(connection))
    this.#tcp = tcp
    tcp.listen(this.port, this.host)
    await once(tcp, 'listening')
  }

  /** May be called twice: a test that plays a dead server leaves the rest to its clean-up. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    await this.refuseTcp()
    await new Promise<void>((resolve) => this.#udp.close(() => resolve()))
  }

  #onDatagram(message: Buffer, remote: RemoteInfo): void {
    this.#onQuery(message, 'udp', remote.port, (packet) => {
      this.#udp.send(packet, remote.port, remote.address, () => {})
    })
  }

  #onConnection(connection: TcpSocket): void {
    this.#connections.add(connection)
    connection.on('close', () => this.#connections.delete(connection))
    connection.on('error', () => {})
    let received = Buffer.alloc(0)
    connection.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0)
        this.#onStreamQuery(received.subarray(2, end), connection)
        received = received.subarray(end)
      }
    })
  }

  #onStreamQuery(message: Buffer, connection: TcpSocket): void {
    const behaviour = this.#behaviourOf(questionName(message) ?? '')
    if (behaviour.tcp === 'close') connection.destroy()
    if (behaviour.tcp !== undefined) return
    this.#onQuery(message, 'tcp', connection.remotePort ?? 0, (packet) => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(packet.length)
      if (!connection.destroyed) connection.write(Buffer.concat([length, packet]))
    })
  }

  #onQuery(message: Buffer, transport: Transport, sourcePort: number, send: (packet: Buffer) => void): void {
    const query = readQuery(message, transport, sourcePort)
    if (query === undefined) return
    if (this.#log.length === maxLogged) this.#log.shift()
    this.#log.push(query)
    const behaviour = this.#behaviourOf(query.name)
    if (this.#loses(query.name, behaviour)) return
    const reply = this.#reply(query, behaviour)
    const deliver = () => {
      for (const packet of packetsOf(reply, behaviour, transport)) send(packet)
    }
    if (behaviour.delayMs === undefined) {
      deliver()
      return
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      deliver()
    }, behaviour.delayMs)
    this.#timers.add(timer)
  }

  #behaviourOf(name: string): Behaviour {
    return this.#behaviours.get(name) ?? this.#behaviours.get('*') ?? {}
  }

  #loses(name: string, behaviour: Behaviour): boolean {
    const key = this.#behaviours.has(name) ? name : '*'
    const asked = (this.#asked.get(key) ?? 0) + 1
    this.#asked.set(key, asked)
    if (asked <= (behaviour.dropFirst ?? 0)) return true
    return behaviour.dropEvery !== undefined && asked % behaviour.dropEvery === 0
  }

  #reply(query: LabQuery, behaviour: Behaviour): Reply {
    const declined = query.udpPayloadSize === undefined ? undefined : behaviour.noEdns
    const rcode = declined?.rcode ?? behaviour.rcode
    const found = rcode === undefined ? lookUp(query, this.#zones, this.records, behaviour.followCname) : refusal(rcode)
    const aa = (behaviour.authoritative ?? found.authoritative) ? AUTHORITATIVE_ANSWER : 0
    const ra = this.#zones.length === 0 ? RECURSION_AVAILABLE : 0
    const shown = behaviour.upperCase === true ? query.name.toUpperCase() : query.name
    const rename = (answer: Answer) => (answer.name === query.name ? { ...answer, name: shown } : answer)
    return {
      id: query.id,
      flags: aa | ra | (query.recursionDesired ? RECURSION_DESIRED : 0),
      rcode: found.rcode,
      question: { name: shown, type: query.type },
      answers: found.answers.map(rename),
      authorities: found.authorities,
      headerOnly: declined?.headerOnly === true,
      additionals:
        query.udpPayloadSize === undefined || declined !== undefined
          ? []
          : [
              {
                type: 'OPT',
                name: '.',
                udpPayloadSize: 1232,
                extendedRcode: behaviour.upperRcode ?? 0,
                ednsVersion: 0,
                flags: 0,
                flag_do: false,
                options: [],
              },
            ],
    }
  }
}

function questionName(message: Buffer): string | undefined {
  return readQuery(message, 'tcp', 0)?.name
}

function readQuery(message: Buffer, transport: Transport, sourcePort: number): LabQuery | undefined {
  try {
    const packet = decode(message)
    const question = packet.questions?.[0]
    if (packet.flag_qr || question === undefined) return undefined
    const opt = packet.additionals?.find((record) => record.type === 'OPT')
    return {
      name: canonicalName(question.name),
      type: question.type,
      transport,
      recursionDesired: packet.flag_rd,
      udpPayloadSize: opt?.type === 'OPT' ? opt.udpPayloadSize : undefined,
      sourcePort,
      id: packet.id ?? 0,
    }
  } catch {
    return undefined
  }
}
