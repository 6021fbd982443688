/**
 * A storm of DNS packets, as a hostile server or somebody who guesses ids would send them: each goes through everything
 * that a reply goes through, from bytes to the change that is told. `npm run fuzz:packets [count] [seed]`
 */
import { knownInputs } from './corpus.ts'
import { mutate, Random } from './random.ts'
import { dnsReply } from './targets/dns-reply.ts'

const limitMs = 10
const [count = 10_000_000, seed = 1] = process.argv.slice(2).map(Number)
if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed)) {
  process.stderr.write('usage: npm run fuzz:packets [count] [seed]\n')
  process.exit(2)
}

const known = [...(await knownInputs(dnsReply)).values()]
const random = new Random(seed)
const began = performance.now()
let slowestMs = 0
let pauses = 0
for (let done = 0; done < count; done += 1) {
  const packet = nextPacket()
  const ms = time(packet)
  if (ms > limitMs) {
    // A pause of the machine or of the collector of garbage does not come again with the same packet.
    const again = Math.min(time(packet), time(packet), time(packet))
    pauses += 1
    if (again > limitMs) throw new Error(`a packet took ${again.toFixed(1)} ms, in hex: ${packet.toString('hex')}`)
  } else {
    slowestMs = Math.max(slowestMs, ms)
  }
  if (done % 1_000_000 === 999_999) process.stdout.write(`${done + 1} packets\n`)
}
const seconds = (performance.now() - began) / 1000
process.stdout.write(
  `${count} packets in ${seconds.toFixed(0)} s, ${((seconds / count) * 1e6).toFixed(1)} us each with making it and with ` +
    `the second reader; no throw, no false change; slowest ${slowestMs.toFixed(1)} ms; ${pauses} pauses of the machine\n`,
)

/** Nine of ten are edits of what a server sends, one is noise. */
function nextPacket(): Buffer {
  if (random.below(10) > 0) return mutate(known[random.below(known.length)] ?? Buffer.alloc(0), random)
  return Buffer.from(Uint8Array.from({ length: random.below(300) }, () => random.below(256)))
}

function time(packet: Buffer): number {
  const from = performance.now()
  try {
    void dnsReply.run(packet)
  } catch (cause) {
    throw new Error(`a promise was broken by the packet, in hex: ${packet.toString('hex')}`, { cause })
  }
  return performance.now() - from
}
