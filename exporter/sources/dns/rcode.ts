const names = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
]

const firstExtended = 16
/** From 16 on; BADVERS is called BADSIG where it does not stand in an OPT record. */
const extendedNames = ['BADVERS', 'BADKEY', 'BADTIME', 'BADMODE', 'BADNAME', 'BADALG', 'BADTRUNC', 'BADCOOKIE']

/**
 * IANA's name of a response code: 4 bits of the header, and 8 more above them in OPT (RFC 6891 6.1.3). The 4,000 codes
 * that nobody assigned have one name, since it is a label.
 */
export function rcodeName(header: number, upper = 0): string {
  const code = (upper << 4) | header
  if (code < firstExtended) return names[code] ?? `RCODE${code}`
  return extendedNames[code - firstExtended] ?? 'UNASSIGNED'
}
