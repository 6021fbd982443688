/** What stands for something that must not be told. */
const secret = '<secret>'
/** Up to the last `@` before the path: a password may hold one. Browsers and Node take one slash, none or `\` for two. */
const userOfUrl = /(\bhttps?:[/\\]*|\/\/)[^/\s"]*@/gi
const secretOfQuery = /([?&][^=&\s"]*(?:token|secret|passw|signature|credential|key)[^=&\s"]*=)[^&\s"#]+/gi

/** `http://user:password@host?token=…` without who and with what, wherever it stands in a text. */
export function redactText(text: string): string {
  return text.replaceAll(userOfUrl, `$1${secret}@`).replaceAll(secretOfQuery, `$1${secret}`)
}

/** A value that was refused, so that nobody knows what it was meant to be: nothing before an `@` is told. */
export function redactRefused(text: string): string {
  return redactText(text.replace(/^("?(?:[a-z]+:\/\/)?).*@/is, `$1${secret}@`))
}

/** A copy of a config without the secrets that its URLs may hold; nothing else in it is secret. */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return redactUrl(value)
  if (Array.isArray(value)) return value.map(redact)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redact(item)]))
}

/** By the parser that the URL is used with, which knows better than any pattern where a password ends. */
function redactUrl(text: string): string {
  if (!/^\s*https?:/i.test(text) || !URL.canParse(text)) return redactText(text)
  const { protocol, username, password, host, pathname, search, hash } = new URL(text)
  const user = username === '' && password === '' ? '' : `${secret}@`
  const query = search === '' && hash === '' ? '' : `?${secret}`
  return user === '' && query === '' ? text : `${protocol}//${user}${host}${pathname}${query}`
}
