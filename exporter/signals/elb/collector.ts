import type { Failure } from '../../core/poll.ts'
import { spread, spreadWindow } from '../../core/spread.ts'
import { openAccount } from '../../sources/aws/account.ts'
import type { Attempt, AwsAccount, LoadBalancer } from '../../sources/aws/types.ts'
import { hostAddresses } from '../../sources/dns/host-addresses.ts'
import type { Collector, CollectorDeps, RunContext, Trace } from '../signal.ts'
import type { AddressInSight } from '../views.ts'
import { bookReader } from './book.ts'
import { askInstances, askInterfaces } from './details.ts'
import { accountKey, Discovery, type Found, familyOf } from './discovery.ts'
import { type LabelSpace, labelSpaces, labelsIn } from './labels.ts'
import type { LoadBalancerOptions } from './options.ts'
import { discoveryExchange } from './report.ts'
import { countRequest, requestsScope } from './requests.ts'
import { Watched } from './watched.ts'

/** Load balancers watched in one account and region. */
const watchedLimit = 5_000
/** Time kept at the end of an interval for the last queries of a run: two tries of 2 s. */
const queryMs = 4_000
/** A search that goes on for longer than this, and than its interval, counts as failing meanwhile. */
const lateAfterMs = 10_000
/** No run of the search is given less. */
const searchMs = 60_000

/** Watches load balancers: AWS tells which there are, DNS tells their addresses. Sends nothing before its first run. */
export function create(options: readonly LoadBalancerOptions[], deps: CollectorDeps): Collector {
  const collector = new ElbCollector(options, deps)
  return {
    tasks: [
      {
        kind: 'scheduled',
        name: 'discovery',
        schedule: 'load_balancers',
        timeoutMs: (intervalMs) => Math.max(intervalMs, searchMs),
        run: (context) => collector.discover(context),
      },
      {
        kind: 'scheduled',
        name: 'addresses',
        schedule: 'dns',
        timeoutMs: (intervalMs) => intervalMs + 10_000,
        run: (context) => collector.lookAtAll(context),
      },
    ],
    status: () => collector.status(),
    reloaded: () => collector.reloaded(),
    stop: async () => collector.stop(),
  }
}

interface Account {
  readonly key: string
  readonly entries: readonly LoadBalancerOptions[]
  readonly aws: AwsAccount
  readonly discovery: Discovery
  readonly labels: LabelSpace
  /** The requests of its last run. */
  readonly attempts: Attempt[]
  /** Since when AWS is being asked, on the monotonic clock; undefined between runs. */
  askedSinceMs?: number | undefined
}

const nothingNew = { fresh: [], settled: () => false }

class ElbCollector {
  readonly #deps: CollectorDeps
  readonly #accounts: readonly Account[]
  readonly #watched = new Map<string, Watched>()
  readonly #inSight = { all: () => [...this.#watched.values()].flatMap(reachableOf) }

  constructor(options: readonly LoadBalancerOptions[], deps: CollectorDeps) {
    this.#deps = deps
    const entries = [...Map.groupBy(options, accountKey)]
    const spaces = labelSpaces(entries.map(([, own]) => own))
    this.#accounts = entries.flatMap(([key, own], index) => {
      const [first, labels] = [own[0], spaces[index]]
      if (first === undefined || labels === undefined) return []
      const attempts: Attempt[] = []
      const aws = this.#open(first, attempts)
      return [{ key, entries: own, labels, attempts, discovery: new Discovery(own, deps.clock), aws }]
    })
    this.#recall()
  }

  async discover({ signal, trace }: RunContext): Promise<readonly Failure[]> {
    const failures = await Promise.all(this.#accounts.map((account) => this.#discoverAndTell(account, signal, trace)))
    if (!signal.aborted) this.#deps.views.addresses.tell(this.#inSight)
    return failures.flat()
  }

  async lookAtAll({ signal, intervalMs, first, trace }: RunContext): Promise<readonly Failure[]> {
    const { clock } = this.#deps
    const startedAt = clock.monotonic()
    const looks: Promise<Failure | undefined>[] = []
    const windowMs = first ? 0 : spreadWindow(intervalMs, queryMs)
    for (const { atMs, items } of spread([...this.#watched.values()], windowMs)) {
      const leftMs = startedAt + atMs - clock.monotonic()
      if (leftMs > 0) await clock.sleep(leftMs, signal)
      // One of them may have gone while the others were asked.
      for (const watched of items) if (this.#watched.has(watched.key)) looks.push(watched.look(signal, trace))
    }
    const failures = await Promise.all(looks)
    return [...failures.filter((failure) => failure !== undefined), ...this.#late()]
  }

  status(): object {
    return { load_balancers: [...this.#watched.values()].map((watched) => watched.status()) }
  }

  reloaded(): void {
    for (const { discovery } of this.#accounts) discovery.forgetTags()
  }

  stop(): void {
    this.#deps.views.addresses.withdraw(this.#inSight)
    for (const { aws } of this.#accounts) aws.close()
  }

  #open({ region, roleArn, endpoint }: LoadBalancerOptions, attempts: Attempt[]): AwsAccount {
    return openAccount({
      region,
      ...(roleArn === undefined ? {} : { roleArn }),
      ...(endpoint === undefined ? {} : { endpoint }),
      now: () => this.#deps.clock.now(),
      onAttempt: (attempt) => {
        // The requests of a run are bounded by the account.
        attempts.push(attempt)
        countRequest(this.#deps.metrics, attempt)
      },
      addressesOf: hostAddresses(this.#deps),
    })
  }

  /** After a restart or a reload: what was watched goes on being asked for in DNS, even while AWS does not answer. */
  #recall(): void {
    const { books, log } = this.#deps
    const read = bookReader()
    for (const key of books.keys()) {
      const book = read(books.get(key))
      if (book === undefined) log.warn({ load_balancer: key }, 'saved load balancer cannot be read, it starts anew')
      const entries = this.#accounts.find((account) => account.key === book?.account)?.entries
      const options = entries?.find(({ types }) => types.some((type) => type === book?.lb.type))
      if (book === undefined || options === undefined) books.delete(key)
      else this.#watched.set(key, new Watched({ key, ...book, options }, this.#deps))
    }
    for (const account of this.#accounts) this.#relabel(account)
    this.#retainScopes()
  }

  async #discoverAndTell(account: Account, signal: AbortSignal, trace: Trace): Promise<readonly Failure[]> {
    account.attempts.length = 0
    account.askedSinceMs = this.#deps.clock.monotonic()
    const failures = await this.#discoverIn(account, signal, trace).finally(() => {
      account.askedSinceMs = undefined
    })
    if (signal.aborted) return failures
    const watched = this.#own(account).map(({ label }) => label)
    trace.note(failures.length === 0 ? 'good' : 'failed', () =>
      discoveryExchange(account.key, account.entries, account.attempts, failures, watched),
    )
    return failures
  }

  async #discoverIn(account: Account, signal: AbortSignal, trace: Trace): Promise<readonly Failure[]> {
    const run = account.aws.run(signal)
    const found = await account.discovery.find(run)
    if (signal.aborted) return found.failures
    // In this order, so that one that was deleted and made anew gets the label that has become free.
    this.#dropGone(account, found)
    const failures = [...found.failures, ...this.#takeUp(account, found)]
    const own = this.#own(account)
    const listed = own.filter(({ lb }) => found.wanted.has(lb.id))
    const owners = listed.filter(({ lb }) => found.wanted.get(lb.id)?.options.interfaces === true)
    // Interfaces come first: they tell the zones of the addresses, and of a budget that runs out they are worth most.
    const unplaced = await askInterfaces(run, owners)
    // New load balancers have their addresses when this run ends.
    const looks = own.filter(({ looked }) => !looked).map((watched) => watched.look(signal, trace))
    const classic = listed.filter(({ lb }) => familyOf(lb) === 'classic')
    const unhealthy = await askInstances(run, classic, this.#deps.clock.now())
    account.askedSinceMs = undefined
    const unseen = (await Promise.all(looks)).filter((failure) => failure !== undefined)
    return [...failures, ...unplaced, ...unhealthy, ...unseen]
  }

  /** Where AWS hangs, the search itself tells so only at its end. */
  #late(): Failure[] {
    const boundMs = Math.min(searchMs, Math.max(lateAfterMs, this.#deps.intervalMs('load_balancers')))
    return this.#accounts.flatMap(({ key, askedSinceMs }) => {
      const tookMs = askedSinceMs === undefined ? 0 : this.#deps.clock.monotonic() - askedSinceMs
      if (tookMs <= boundMs) return []
      const message = `AWS ${key}: the search for load balancers has not ended after ${(tookMs / 1_000).toFixed(1)} s and goes on`
      return [{ reason: 'timeout' as const, message }]
    })
  }

  #takeUp(account: Account, { wanted, settled }: Found): Failure[] {
    const known = new Set(this.#own(account).map(({ lb }) => lb.id))
    const fresh = [...wanted.values()].filter(({ lb }) => !known.has(lb.id))
    const room = Math.max(0, watchedLimit - known.size)
    const taken = fresh.slice(0, room)
    const labels = this.#relabel(account, { fresh: taken.map(({ lb }) => lb), settled })
    for (const { lb, options } of taken) this.#add(account, labels.get(lb.id) ?? lb.name, lb, options)
    for (const [id, { lb, options }] of wanted) this.#watched.get(`${account.key} ${id}`)?.listed(lb, options)
    if (fresh.length <= room) return []
    const message = `${fresh.length - room} load balancers beyond the first ${watchedLimit} are not watched: ask for fewer by names or tags`
    return [{ reason: 'limit', message }]
  }

  /** Gives those that are watched the labels they must have now. A plain name that was right once is not in doubt. */
  #relabel(account: Account, news: Pick<Found, 'settled'> & { readonly fresh: readonly LoadBalancer[] } = nothingNew) {
    const own = this.#own(account)
    const plain = new Set(own.filter(({ label, lb }) => label === lb.name).map(({ lb }) => lb.id))
    const all = [...own.map(({ lb }) => lb), ...news.fresh]
    const labels = labelsIn(account.labels, all, (named) => plain.has(named.id) || news.settled(named))
    for (const watched of own) {
      const { label: before, lb } = watched
      const label = labels.get(lb.id) ?? before
      if (label === before) continue
      watched.rename(label)
      this.#deps.log.info({ load_balancer: label, before, dns_name: lb.dnsName }, 'load balancer has another label now')
    }
    return labels
  }

  #add({ key: account }: Account, label: string, lb: LoadBalancer, options: LoadBalancerOptions): void {
    const key = `${account} ${lb.id}`
    this.#watched.set(key, new Watched({ key, account, label, lb, options }, this.#deps))
    const { dnsName: dns_name, type } = lb
    this.#deps.log.info({ load_balancer: label, dns_name, type, region: options.region }, 'load balancer found')
    if (label !== lb.name) {
      this.#deps.log.warn({ load_balancer: label, name: lb.name }, 'load balancers of this cluster may share a name')
    }
  }

  /** Only a list that was read to its end tells who is not there. */
  #dropGone(account: Account, { wanted, unknown, listed, complete }: Found): void {
    for (const watched of this.#own(account)) {
      const { id, type } = watched.lb
      if (!complete.has(familyOf({ type })) || wanted.has(id) || unknown.has(id)) continue
      const { label } = watched
      const why = listed.has(id) ? 'no longer matches the configured names or tags' : 'is gone from AWS'
      const message = `load balancer ${label} (${watched.lb.dnsName}) ${why}: it is not watched any more`
      const change = { kind: 'load_balancer', subject: label, message } as const
      this.#deps.changes.record(
        { ...change, added: [], removed: [label], before: [label], after: [] },
        this.#deps.clock.now(),
      )
      watched.gone()
      this.#watched.delete(watched.key)
      this.#deps.books.delete(watched.key)
    }
    this.#retainScopes()
  }

  #own(account?: Account): Watched[] {
    const all = [...this.#watched.values()]
    return account === undefined ? all : all.filter((watched) => watched.account === account.key)
  }

  #retainScopes(): void {
    this.#deps.metrics.retain(new Set([requestsScope, ...this.#own().flatMap((watched) => watched.scopeKeys())]))
  }
}

/** Who may take a connection: pending addresses do not yet, dead ones are nobody's or somebody else's. */
function reachableOf({ label: loadBalancer, inSight }: Watched): AddressInSight[] {
  return inSight.flatMap(({ address, state }) =>
    state === 'active' || state === 'retired' ? [{ loadBalancer, address, state }] : [],
  )
}
