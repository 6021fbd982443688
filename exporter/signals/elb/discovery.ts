import type { Clock } from '../../core/clock.ts'
import type { Failure, Poll } from '../../core/poll.ts'
import type { AwsRun, LoadBalancer, Tags } from '../../sources/aws/types.ts'
import { judge, type Verdict } from './matching.ts'
import type { LoadBalancerOptions } from './options.ts'

/** Elastic Load Balancing lists classic load balancers by one API and all others by another. */
export type Family = 'classic' | 'v2'

export function familyOf({ type }: Pick<LoadBalancer, 'type'>): Family {
  return type === 'classic' ? 'classic' : 'v2'
}

export interface Found {
  readonly wanted: ReadonlyMap<string, { readonly lb: LoadBalancer; readonly options: LoadBalancerOptions }>
  /** Ids of which nobody can say now whether they are wanted. */
  readonly unknown: ReadonlySet<string>
  /** Ids that AWS lists, wanted or not. */
  readonly listed: ReadonlySet<string>
  /** Families of which every page was read: who is not listed there is gone. */
  readonly complete: ReadonlySet<Family>
  /** false where a classic load balancer of this name may be wanted, and nobody can say so now. */
  settled(named: Pick<LoadBalancer, 'name'>): boolean
  readonly failures: readonly Failure[]
}

/** DescribeTags takes 20 load balancers at most. */
const tagsPerCall = 20
/**
 * When tags are read again. With a run each 30 s that is 60 s for load balancers that are not wanted, or that are young:
 * they get their tags when they are there already. For the rest it is 120 s.
 */
const tagsKeptMs = { open: 50_000, wanted: 110_000 }
const youngForMs = 600_000
/**
 * Calls of one API that read tags again in a run, the oldest first: with the pages of 2,000 load balancers and the calls
 * for health they are as many as AWS lets through at once. So 240 load balancers have their turn, and more take turns.
 */
const refreshCallsPerRun = 12

interface KeptTags {
  readonly tags: Tags
  /** When they were read first, and last. */
  readonly sinceMs: number
  readonly atMs: number
}

/** Finds the load balancers of one account that any of its config entries asks for. */
export class Discovery {
  readonly #entries: readonly LoadBalancerOptions[]
  readonly #clock: Clock
  readonly #tags = new Map<string, KeptTags>()

  constructor(entries: readonly LoadBalancerOptions[], clock: Clock) {
    this.#entries = entries
    this.#clock = clock
  }

  async find(run: AwsRun): Promise<Found> {
    const failures: Failure[] = []
    const complete = new Set<Family>()
    const listed: LoadBalancer[] = []
    for (const family of this.#families()) {
      const poll = await (family === 'classic' ? run.listClassic() : run.listV2())
      if (poll.ok) {
        complete.add(family)
        listed.push(...poll.snapshot)
      } else failures.push(poll.failure)
    }
    const tagFailure = await this.#askTags(run, listed, complete)
    if (tagFailure !== undefined) failures.push(tagFailure)
    const wanted = new Map<string, { lb: LoadBalancer; options: LoadBalancerOptions }>()
    const unknown = new Set<string>()
    for (const lb of listed) {
      const options = this.#entries.find((entry) => this.#judge(lb, entry) === 'wanted')
      if (options !== undefined) wanted.set(lb.id, { lb, options })
      else if (this.#entries.some((entry) => this.#judge(lb, entry) === 'unknown')) unknown.add(lb.id)
    }
    failures.push(...this.#missing(listed, complete))
    const read = complete.has('classic') || !this.#families().includes('classic')
    // The id of a classic load balancer is its name.
    const settled = ({ name }: Pick<LoadBalancer, 'name'>) => read && !unknown.has(name)
    return { wanted, unknown, listed: new Set(listed.map(({ id }) => id)), complete, settled, failures }
  }

  /** All tags are read again at the next runs. Until then they stand, or load balancers would come and go. */
  forgetTags(): void {
    for (const [id, kept] of this.#tags) this.#tags.set(id, { ...kept, atMs: Number.NEGATIVE_INFINITY })
  }

  #families(): Family[] {
    const asked = new Set(this.#entries.flatMap(({ types }) => types.map((type) => familyOf({ type }))))
    return (['classic', 'v2'] as const).filter((family) => asked.has(family))
  }

  #judge(lb: LoadBalancer, entry: LoadBalancerOptions): Verdict {
    return judge(lb, entry, this.#tags.get(lb.id)?.tags)
  }

  /** Asks for the tags of those whom their name alone does not decide: of new ones at once, of others now and then. */
  async #askTags(
    run: AwsRun,
    listed: readonly LoadBalancer[],
    complete: ReadonlySet<Family>,
  ): Promise<Failure | undefined> {
    const ids = new Set(listed.map(({ id }) => id))
    // While a list fails its load balancers are not known to be gone, so their tags stay.
    if (complete.size === this.#families().length)
      for (const id of this.#tags.keys()) if (!ids.has(id)) this.#tags.delete(id)
    const open = listed.filter((lb) => this.#tagsDecide(lb))
    const fresh = open.filter(({ id }) => !this.#tags.has(id))
    const again = open.filter((lb) => this.#tagsAreOld(lb)).sort((left, right) => this.#ageOrder(left, right))
    for (const family of ['classic', 'v2'] as const) {
      const own = (lb: LoadBalancer) => familyOf(lb) === family
      const ofFamily = [...fresh.filter(own), ...again.filter(own).slice(0, refreshCallsPerRun * tagsPerCall)]
      for (let from = 0; from < ofFamily.length; from += tagsPerCall) {
        const asked = ofFamily.slice(from, from + tagsPerCall)
        const poll = await run.tags(asked)
        if (!poll.ok) return poll.failure
        this.#keepTags(asked, poll)
      }
    }
    return undefined
  }

  #tagsDecide(lb: LoadBalancer): boolean {
    const verdicts = this.#entries.map((entry) => judge(lb, entry, undefined))
    return verdicts.includes('unknown') && !verdicts.includes('wanted')
  }

  #tagsAreOld(lb: LoadBalancer): boolean {
    const kept = this.#tags.get(lb.id)
    if (kept === undefined) return false
    const nowMs = this.#clock.now()
    const wanted = this.#entries.some((entry) => judge(lb, entry, kept.tags) === 'wanted')
    const settled = wanted && nowMs - kept.sinceMs >= youngForMs
    return nowMs - kept.atMs >= (settled ? tagsKeptMs.wanted : tagsKeptMs.open)
  }

  #ageOrder(left: LoadBalancer, right: LoadBalancer): number {
    const [before, after] = [this.#tags.get(left.id)?.atMs ?? 0, this.#tags.get(right.id)?.atMs ?? 0]
    return before === after ? 0 : before - after
  }

  /** Only the tags that the config names: an account's others can be many. */
  #keepTags(asked: readonly LoadBalancer[], poll: Poll<ReadonlyMap<string, Tags>> & { ok: true }): void {
    const keys = new Set(this.#entries.flatMap(({ tags }) => Object.keys(tags)))
    for (const { id } of asked) {
      const all = poll.snapshot.get(id)
      if (all === undefined) continue
      const tags = Object.fromEntries(Object.entries(all).filter(([key]) => keys.has(key)))
      this.#tags.set(id, { tags, sinceMs: this.#tags.get(id)?.sinceMs ?? poll.atMs, atMs: poll.atMs })
    }
  }

  /** Names of the config that no complete list of their types holds. */
  #missing(listed: readonly LoadBalancer[], complete: ReadonlySet<Family>): Failure[] {
    return this.#entries.flatMap(({ names, types, region }) => {
      if (!types.every((type) => complete.has(familyOf({ type })))) return []
      const there = new Set(listed.filter(({ type }) => types.some((own) => own === type)).map(({ name }) => name))
      return names
        .filter((name) => !there.has(name))
        .map((name) => ({
          reason: 'not_found' as const,
          message: `No load balancer ${name} of type ${types.join(', ')} in ${region}: check name, region, types and account`,
        }))
    })
  }
}

/** Entries of one account and region share its clients, credentials and calls. */
export function accountKey({ region, roleArn, endpoint }: LoadBalancerOptions): string {
  const parts = [region, roleArn, endpoint === undefined ? undefined : withoutUser(endpoint)]
  return parts.filter((part) => part !== undefined).join(' ')
}

/** The key is saved and told, so a password that somebody wrote into the URL must not be in it. */
function withoutUser(endpoint: string): string {
  if (!URL.canParse(endpoint)) return endpoint
  const url = new URL(endpoint)
  if (url.username === '' && url.password === '') return endpoint
  url.username = url.password = ''
  return url.href
}
