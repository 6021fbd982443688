/** The names that the bench asks for: each with four addresses, which the server rotates. */
const zone = 'bench.example'
const addressesEach = 4

export const benchZone = zone

export function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `api-${index}.${zone}`)
}

/** Lines of a zone file. */
export function records(count: number): string[] {
  return names(count).flatMap((name, index) =>
    Array.from({ length: addressesEach }, (_, address) => {
      return `${name}. 60 IN A 10.${index >> 8}.${index & 255}.${address + 1}`
    }),
  )
}

/** A config that watches the names at one resolver. */
export function dnsSection(count: number, resolver: string): object {
  return { resolvers: [resolver], names: names(count).map((hostname) => ({ hostname, types: ['A'] })) }
}
