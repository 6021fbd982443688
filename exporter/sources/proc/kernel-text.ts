import { endianness } from 'node:os'
import ipaddr from 'ipaddr.js'

/**
 * How the kernel writes an address in /proc/net/tcp and tcp6: each 32 bits of it, which are in network order, as one
 * number of the machine. An IPv4 address may be in tcp6 too, mapped (RFC 4291 2.5.5.2), where a socket of IPv6 dialled it.
 */
export function kernelTexts(address: string): string[] {
  const parsed = ipaddr.parse(address)
  const own = words(parsed.toByteArray())
  return parsed instanceof ipaddr.IPv4 ? [own, words(parsed.toIPv4MappedAddress().toByteArray())] : [own]
}

function words(bytes: readonly number[]): string {
  let text = ''
  for (let from = 0; from < bytes.length; from += 4) {
    const word = bytes.slice(from, from + 4)
    if (endianness() === 'LE') word.reverse()
    text += Buffer.from(word).toString('hex')
  }
  return text.toUpperCase()
}
