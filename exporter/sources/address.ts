import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * The one spelling of an address: RFC 5952 for IPv6, with the IPv4 address in its own form where one is mapped
 * (section 5). Undefined for all that is not an address; `10.1` and `0x7f.1` are none.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIP(text) === 0) return undefined
  const address = ipaddr.parse(text)
  if (address instanceof ipaddr.IPv4) return address.toString()
  if (!address.isIPv4MappedAddress() || address.zoneId !== undefined) return address.toString()
  return `::ffff:${address.toIPv4Address().toString()}`
}
