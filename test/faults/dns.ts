/** Faults of DNS, each on the way to the nameserver of one hostname, or in that nameserver. */

import { until } from '../until.ts'
import { compressionLoop, forged, seeded, straight, type Way } from './dns-path.ts'
import { DnsSite, type DnsSiteOptions, dnsFacts } from './dns-site.ts'
import { type AnyFault, anyFault, type Expected, type Fault } from './fault.ts'

const failing = { collector: 'dns', change: 'afterwards', alerts: ['ElbChurnCollectorFailing'] } as const
const unharmed: Expected = { collector: 'dns', change: 'meanwhile', recoversMs: 5_000 }
const queriesFail = ['ElbChurnCollectorFailing', 'DNSQueriesFailing'] as const
const noAnswer: Expected = {
  ...failing,
  alerts: queriesFail,
  reason: 'timeout',
  toldMs: 8_000,
  recoversMs: 8_000,
}
const nothing = 'Nothing: it does no harm.'
const checkServer = 'Ask the resolver by hand (dig @RESOLVER NAME); restart it, or name another in `dns.resolvers`.'

type DnsFault = Omit<Fault<DnsSite>, 'open'> & { readonly options?: DnsSiteOptions }

function onTheWay(way: () => Way): Pick<DnsFault, 'begin' | 'end'> {
  return {
    begin: ({ path }) => {
      path.way = way()
    },
    end: ({ path }) => {
      path.way = straight
    },
  }
}

function inTheServer(behaviour: Parameters<DnsSite['server']['behave']>[1]): Pick<DnsFault, 'begin' | 'end'> {
  return { begin: ({ server }) => server.behave('*', behaviour), end: ({ server }) => server.behave('*', {}) }
}

const many = Array.from({ length: 250 }, (_, index) => `10.0.1.${index + 1}`)
const forgeries = 100

const table: readonly DnsFault[] = [
  {
    id: 'dns-timeout',
    title: 'The resolver does not answer',
    how: 'every query is lost',
    ...inTheServer({ dropFirst: Number.POSITIVE_INFINITY }),
    expected: { ...noAnswer, says: /no answer/i },
    act: checkServer,
  },
  {
    id: 'dns-loss',
    title: '30 % of the replies are lost',
    how: 'three of ten replies, by chance',
    ...onTheWay(() => {
      const random = seeded(30)
      return (reply, { send }) => random() >= 0.3 && send(reply)
    }),
    expected: { ...unharmed, sometimes: true, reason: 'timeout', recoversMs: 8_000 },
    act: 'Look at elbchurn_dns_queries_total{result="timeout"}: the network to the resolver loses packets.',
  },
  {
    id: 'dns-delay',
    title: 'Replies take 0.7 s',
    how: 'each reply is held for 700 ms',
    ...onTheWay(
      () =>
        (reply, { send }) =>
          send(reply, 700),
    ),
    expected: unharmed,
    act: 'Look at elbchurn_dns_query_duration_seconds: clients of this resolver wait as long.',
  },
  {
    id: 'dns-late',
    title: 'Replies come after the time-out',
    how: 'each reply is held for 2.5 s, beyond the 2 s of a query',
    ...onTheWay(
      () =>
        (reply, { send }) =>
          send(reply, 2_500),
    ),
    expected: noAnswer,
    act: checkServer,
  },
  {
    id: 'dns-duplicates',
    title: 'Every reply comes twice',
    how: 'each reply is sent twice',
    ...onTheWay(() => (reply, { send }) => {
      send(reply)
      send(reply)
    }),
    expected: unharmed,
    act: nothing,
  },
  {
    id: 'dns-reordering',
    title: 'Replies overtake each other',
    how: 'each reply is held for 0 to 900 ms, by chance, and the one before it is sent again behind it',
    ...onTheWay(() => {
      const random = seeded(9)
      let last: Buffer | undefined
      return (reply, { send }) => {
        send(reply, 1 + 900 * random())
        if (last !== undefined) send(last, 950)
        last = reply
      }
    }),
    expected: unharmed,
    act: nothing,
  },
  {
    id: 'dns-wrong-id',
    title: 'Replies with a wrong id',
    how: 'each reply has the id of another query',
    ...inTheServer({ damagedOnly: 'wrong_id' }),
    expected: { ...noAnswer, counts: ['dns_replies_dropped_total', 'mismatched'] },
    act: 'Something between the exporter and the resolver rewrites DNS, or forges it: find it.',
  },
  {
    id: 'dns-wrong-question',
    title: 'Replies to another question',
    how: 'each reply has the right id and the name of another question',
    ...inTheServer({ damagedOnly: 'wrong_question' }),
    expected: { ...noAnswer, counts: ['dns_replies_dropped_total', 'mismatched'] },
    act: 'As for a wrong id.',
  },
  {
    id: 'dns-wrong-port',
    title: 'Replies from another port',
    how: 'each reply comes from another port of the server',
    ...onTheWay(
      () =>
        (reply, { sendFrom }) =>
          sendFrom('port', reply),
    ),
    expected: noAnswer,
    act: 'A NAT or load balancer in front of the resolver loses its table: ask the resolver itself.',
  },
  {
    id: 'dns-wrong-address',
    title: 'Replies from another address',
    how: 'each reply comes from another address of the server',
    ...onTheWay(
      () =>
        (reply, { sendFrom }) =>
          sendFrom('address', reply),
    ),
    expected: noAnswer,
    act: 'The resolver has several addresses and answers from the wrong one: ask it at that one.',
  },
  {
    id: 'dns-forged',
    title: 'A flood of forged replies',
    how: `before and after each reply ${forgeries} forgeries with guessed ids, from the server's own address and from another`,
    ...onTheWay(() => {
      const random = seeded(4)
      return (reply, { send, sendFrom }) => {
        const own = reply.readUInt16BE(0)
        const guesses = Array.from({ length: forgeries }, () => Math.floor(random() * 65_536)).filter(
          (id) => id !== own,
        )
        for (const id of guesses) send(forged(reply, id))
        for (const id of guesses.slice(0, 10)) sendFrom('address', forged(reply, id))
        sendFrom('address', forged(reply, own))
        send(reply)
        for (const id of guesses) send(forged(reply, id))
      }
    }),
    expected: { ...unharmed, counts: ['dns_replies_dropped_total', 'mismatched'] },
    act: 'Somebody who sees or guesses queries forges replies: look at elbchurn_dns_replies_dropped_total, and at that network.',
  },
  {
    id: 'dns-truncated',
    title: 'Truncated replies, and TCP is refused',
    how: 'UDP replies have TC set, the port is closed for TCP',
    begin: async ({ path, server }) => {
      server.behave('*', { truncate: true })
      await path.refuseTcp()
    },
    end: async ({ path, server }) => {
      server.behave('*', {})
      await path.acceptTcp()
    },
    expected: { ...failing, reason: 'network', toldMs: 6_000, recoversMs: 6_000, alerts: ['ElbChurnCollectorFailing'] },
    act: 'Open TCP port 53 to the resolver (RFC 7766 wants it): large answers come only that way.',
  },
  {
    id: 'dns-servfail',
    title: 'SERVFAIL',
    how: 'every answer is SERVFAIL',
    ...inTheServer({ rcode: 'SERVFAIL' }),
    expected: { ...failing, alerts: queriesFail, reason: 'server', says: /SERVFAIL/, toldMs: 6_000, recoversMs: 6_000 },
    act: checkServer,
  },
  {
    id: 'dns-refused',
    title: 'REFUSED',
    how: 'every answer is REFUSED',
    ...inTheServer({ rcode: 'REFUSED' }),
    expected: {
      ...failing,
      alerts: queriesFail,
      reason: 'denied',
      says: /REFUSED: it does not serve this name, or not to this address/,
      toldMs: 6_000,
      recoversMs: 6_000,
    },
    act: 'Allow the address of the exporter at the resolver, or ask one that serves the name.',
  },
  {
    id: 'dns-nxdomain-once',
    title: 'NXDOMAIN now and then',
    how: 'two answers are NXDOMAIN, the next two are good, and so on',
    begin: ({ path }) => {
      // Two good ones: should the first be lost or late, the exporter asks again, and yet sees no third NXDOMAIN in a row.
      let asked = 0
      path.way = (reply, { send }) => {
        const packet = Buffer.from(reply)
        if (asked % 4 < 2) negate(packet)
        asked += 1
        send(packet)
      }
    },
    end: ({ path }) => {
      path.way = straight
    },
    expected: { ...unharmed, seenMs: 12_000, counts: ['dns_queries_total', 'NXDOMAIN'] },
    act: 'Look at elbchurn_dns_queries_total{result="NXDOMAIN"}: one of several servers behind the resolver lacks the zone.',
  },
  {
    id: 'dns-nxdomain',
    title: 'NXDOMAIN for good',
    how: 'every answer is NXDOMAIN',
    ...inTheServer({ rcode: 'NXDOMAIN' }),
    isTheChange: true,
    meanwhile: dnsFacts([], 1),
    finally: dnsFacts(['10.0.0.1', '10.0.0.2'], 2),
    expected: { ...unharmed, seenMs: 10_000, alerts: ['DNSAnswerChanged'] },
    act: 'Somebody removed the record or the delegation: clients that look it up now fail. Put it back.',
  },
  {
    id: 'dns-lame',
    title: 'Lame delegation',
    how: 'the server of the zone answers without authority (AA)',
    options: { resolver: 'authoritative' },
    ...inTheServer({ authoritative: false }),
    expected: {
      ...failing,
      reason: 'server',
      says: /without authority \(a lame server\): check the NS records/,
      toldMs: 6_000,
      recoversMs: 8_000,
    },
    act: 'Correct the NS records of the zone, or the server that should have it.',
  },
  {
    id: 'dns-cname-loop',
    title: 'CNAMEs in a circle',
    how: 'the name is an alias of a name that is an alias of it',
    begin: ({ server, hostname }) => {
      server.behave('*', { followCname: false })
      server.set(hostname, 'CNAME', [`other.${hostname}`])
      server.set(`other.${hostname}`, 'CNAME', [hostname])
    },
    end: ({ server, hostname }) => server.set(hostname, 'CNAME', []),
    expected: {
      ...failing,
      reason: 'malformed',
      says: /CNAMEs run in a circle through/,
      toldMs: 6_000,
      recoversMs: 6_000,
    },
    act: 'Correct the CNAME records that the message names.',
  },
  {
    id: 'dns-4kb',
    title: 'An answer of 4 KB',
    how: '250 addresses, which come over TCP',
    options: { before: many, after: [...many, '10.0.2.1'], behaviour: { truncate: true } },
    // The first four answers that may not be whole are the baseline: the sixth query is sent when all of them have come.
    begin: ({ server, hostname }) =>
      until('five whole answers', () => server.count({ name: hostname, transport: 'tcp' }) > 5, { everyMs: 100 }),
    expected: { ...unharmed, recoversMs: 6_000 },
    act: nothing,
  },
  {
    id: 'dns-compression',
    title: 'Names that point at themselves',
    how: 'replies whose compressed names run in a circle',
    ...onTheWay(() => {
      let asked = 0
      return (reply, { send }) => send(compressionLoop(reply, asked++ % 2 === 0 ? 'itself' : 'circle'))
    }),
    expected: { ...failing, alerts: queriesFail, reason: 'malformed', toldMs: 8_000, recoversMs: 8_000 },
    act: 'Something else than a DNS server answers at this address, or attacks: find it.',
  },
  {
    id: 'dns-resolv-conf',
    title: 'resolv.conf is rewritten',
    how: 'the nameserver stops answering for the name, and resolv.conf names another one',
    options: { resolver: 'system' },
    begin: async ({ ground, hostname }) => {
      ground.system.behave(hostname, { dropFirst: Number.POSITIVE_INFINITY })
      await ground.nameserver(ground.otherSystem)
    },
    end: async ({ ground, hostname }) => {
      ground.system.behave(hostname, {})
      await ground.nameserver(ground.system)
    },
    expected: { ...unharmed, sometimes: true, reason: 'timeout', recoversMs: 8_000 },
    act: 'Nothing: the new nameservers are in use within a second or two.',
  },
]

/** Makes an answer NXDOMAIN without records. */
function negate(packet: Buffer): void {
  packet.writeUInt8((packet.readUInt8(3) & 0xf0) | 3, 3)
  for (const at of [6, 8, 10]) packet.writeUInt16BE(0, at)
}

export const dnsFaults: readonly AnyFault[] = table.map(({ options, ...fault }) =>
  anyFault<DnsSite>({ ...fault, open: (ground, id) => DnsSite.open(ground, id, options) }),
)
