/** Which names a hostname may stand for: `search`, `domain` and `options ndots` of resolv.conf(5). */
export interface SearchList {
  readonly domains: readonly string[]
  /** A name with so many dots is tried as it is first. */
  readonly ndots: number
}

const defaultNdots = 1
/** The C library takes a greater value for this one. */
const maxNdots = 15
/** As many as Kubernetes lets a pod have (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/). */
const maxDomains = 32

export function parseSearchList(text: string): SearchList {
  let domains: readonly string[] = []
  let ndots = defaultNdots
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line.trim().split(/\s+/)
    // The last of them holds.
    if (keyword === 'search') domains = words.map(bare).filter((domain) => domain !== '')
    if (keyword === 'domain') domains = words.slice(0, 1).map(bare)
    for (const word of keyword === 'options' ? words : []) {
      const [, count] = /^ndots:(\d+)$/.exec(word) ?? []
      if (count !== undefined) ndots = Math.min(Number(count), maxNdots)
    }
  }
  return { domains: domains.slice(0, maxDomains), ndots }
}

/** The names to ask for in turn until one is there. One that ends with a dot is whole. */
export function namesFor(hostname: string, { domains, ndots }: SearchList): string[] {
  if (hostname.endsWith('.')) return [bare(hostname)]
  const longer = domains.map((domain) => `${hostname}.${domain}`)
  const dots = hostname.split('.').length - 1
  return dots >= ndots ? [hostname, ...longer] : [...longer, hostname]
}

function bare(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}
