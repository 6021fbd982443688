export interface ListenAddress {
  /** undefined: all addresses of the machine */
  readonly host: string | undefined
  readonly port: number
}

/** `:9903`, `127.0.0.1:9903`, `[::1]:9903`, `localhost:0`, as exporters of Prometheus take it. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:.%\w]+)\]|(?<name>[^:[\]]*)):(?<port>\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const { v6, name, port } = match.groups ?? {}
  if (Number(port) > 65_535) return undefined
  return { host: v6 ?? (name === '' ? undefined : name), port: Number(port) }
}
