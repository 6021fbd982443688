import type { LookupFunction } from 'node:net'
import { isIP } from 'node:net'
import type { FindAddresses } from './host-addresses.ts'

/** Looks names up for the sockets of one client, by `net.connect`'s option of that name, and can let go of them all. */
export class Lookups {
  readonly #find: FindAddresses
  #abort = new AbortController()

  constructor(find: FindAddresses) {
    this.#find = find
  }

  /** Asked by net.connect, which wants all addresses at once. */
  readonly lookup: LookupFunction = (hostname, _options, done) => {
    const { signal } = this.#abort
    this.#find(hostname, signal).then(
      // Later, so that whoever asked for the connection has its socket before it learns of the address.
      (addresses) =>
        setImmediate(() =>
          done(
            null,
            addresses.map((address) => ({ address, family: isIP(address) })),
          ),
        ),
      (error: Error) => setImmediate(() => done(error, [])),
    )
  }

  /** Ends those under way. */
  cancel(): void {
    this.#abort.abort()
    this.#abort = new AbortController()
  }
}
