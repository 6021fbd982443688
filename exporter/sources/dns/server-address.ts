import { isIPv4, isIPv6 } from 'node:net'
import { canonicalAddress } from '../address.ts'

export interface ServerAddress {
  readonly address: string
  readonly port: number
  readonly family: 4 | 6
  /** `address:port` or `[v6]:port`: how messages and /api/v1/status name the server */
  readonly text: string
}

export const dnsPort = 53

export function serverAddress(address: string, port = dnsPort): ServerAddress | undefined {
  const canonical = canonicalAddress(address)
  if (canonical === undefined) return undefined
  if (isIPv4(canonical)) return { address: canonical, port, family: 4, text: `${canonical}:${port}` }
  return { address: canonical, port, family: 6, text: `[${canonical}]:${port}` }
}

/** `10.0.0.2`, `10.0.0.2:53`, `fd00::2` or `[fd00::2]:53`; the host must be an address. Undefined for all else. */
export function parseServer(text: string): ServerAddress | undefined {
  if (isIPv6(text)) return serverAddress(text)
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[^:]+))(?::(?<port>\d{1,5}))?$/.exec(text)
  const { v6, v4, port: digits } = match?.groups ?? {}
  const port = digits === undefined ? dnsPort : Number(digits)
  if (port < 1 || port > 65_535) return undefined
  if (v6 !== undefined) return isIPv6(v6) ? serverAddress(v6, port) : undefined
  return v4 !== undefined && isIPv4(v4) ? serverAddress(v4, port) : undefined
}
