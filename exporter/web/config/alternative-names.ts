import { canonicalAddress } from '../../sources/address.ts'

const kinds = ['DNS', 'email', 'URI', 'IP Address'] as const

/**
 * The DNS names, email addresses, URIs and IP addresses of `X509Certificate.subjectAltName`: entries `KIND:value` with
 * `, ` between them, in which Node writes a value that holds a comma, a quote or the like as a JSON string.
 * Source: nodejs.org/api/crypto.html#x509subjectaltname.
 */
export function alternativeNames(text: string): string[] {
  return entries(text).flatMap((entry) => {
    const kind = kinds.find((name) => entry.startsWith(`${name}:`))
    if (kind === undefined) return []
    const value = unquoted(entry.slice(kind.length + 1))
    if (value === undefined) return []
    return kind === 'IP Address' ? (canonicalAddress(value) ?? []) : value
  })
}

/** Split at the commas that stand in no JSON string; nothing of a text that is not written so. */
function entries(text: string): string[] {
  const entry = '(?:[^",]|"(?:[^"\\\\]|\\\\.)*")+'
  if (!new RegExp(`^${entry}(?:, ${entry})*$`).test(text)) return []
  return text.match(new RegExp(entry, 'g'))?.map((part) => part.trimStart()) ?? []
}

function unquoted(value: string): string | undefined {
  if (!value.startsWith('"')) return value.includes('"') ? undefined : value
  try {
    return String(JSON.parse(value))
  } catch {
    return undefined
  }
}
