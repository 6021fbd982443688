/** `http://user:password@host` without who and with what. */
export function redactText(text: string): string {
  return text.replaceAll(/\/\/[^/@\s"]*@/g, '//<secret>@')
}

/** A copy of a config without the secrets that its URLs may hold; nothing else in it is secret. */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value)
  if (Array.isArray(value)) return value.map(redact)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redact(item)]))
}
