import { failed, good, type Poll } from '../../core/poll.ts'
import { BudgetSpent, failureOf, MalformedAnswer, reasonOf } from './errors.ts'
import { must, readClassic, readInterface, readTags, readV2 } from './read.ts'
import { attemptStep, type Budget, Session } from './session.ts'
import type { AwsAccount, AwsAccountOptions, AwsLimits, AwsRun, AwsService, LoadBalancer, Tags } from './types.ts'
import { type SendOptions, within } from './within.ts'

export const defaultLimits: AwsLimits = {
  requestsPerRun: 250,
  requestTimeoutMs: 5_000,
  callTimeoutMs: 20_000,
  idleMs: 10_000,
}

/** Largest PageSize and MaxResults that the APIs take, and largest number of values in one filter of EC2. */
const pageSize = 400
const interfacePageSize = 1_000
const filterValues = 200

/**
 * Opens an account; nothing is asked yet. Credentials come from the SDK's default chain, see
 * https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/setting-credentials-node.html
 */
export function openAccount(options: AwsAccountOptions): AwsAccount {
  const limits = { ...defaultLimits, ...options.limits }
  const session = new Session(options, limits)
  return {
    run: (signal) => new Run(session, options, limits, signal),
    close: () => session.close(),
  }
}

/** A command of any of the clients, as far as it is needed to watch it. */
interface Watchable {
  readonly middlewareStack: { add(middleware: ReturnType<Session['watch']>, options: typeof attemptStep): void }
}

class Run implements AwsRun {
  readonly #session: Session
  readonly #options: AwsAccountOptions
  readonly #limits: AwsLimits
  readonly #signal: AbortSignal
  readonly #budget: Budget

  constructor(session: Session, options: AwsAccountOptions, limits: AwsLimits, signal: AbortSignal) {
    this.#session = session
    this.#options = options
    this.#limits = limits
    this.#signal = signal
    this.#budget = { left: limits.requestsPerRun }
  }

  listClassic() {
    return this.#poll('elb', 'DescribeLoadBalancers', async (send) => {
      const { DescribeLoadBalancersCommand } = await import('@aws-sdk/client-elastic-load-balancing')
      const client = await this.#session.elb()
      const found = await everyPage(async (Marker) => {
        const command = new DescribeLoadBalancersCommand({ PageSize: pageSize, Marker })
        const answer = await send(command, (options) => client.send(command, options))
        return { items: must(answer.LoadBalancerDescriptions, 'LoadBalancerDescriptions'), next: answer.NextMarker }
      })
      return found.map(readClassic)
    })
  }

  listV2() {
    return this.#poll('elbv2', 'DescribeLoadBalancers', async (send) => {
      const { DescribeLoadBalancersCommand } = await import('@aws-sdk/client-elastic-load-balancing-v2')
      const client = await this.#session.elbv2()
      const found = await everyPage(async (Marker) => {
        const command = new DescribeLoadBalancersCommand({ PageSize: pageSize, Marker })
        const answer = await send(command, (options) => client.send(command, options))
        return { items: must(answer.LoadBalancers, 'LoadBalancers'), next: answer.NextMarker }
      })
      return found.map(readV2)
    })
  }

  tags(loadBalancers: readonly LoadBalancer[]) {
    const ids = loadBalancers.map(({ id }) => id)
    const classic = loadBalancers.every(({ type }) => type === 'classic')
    return this.#poll(classic ? 'elb' : 'elbv2', 'DescribeTags', (send) =>
      this.#tagsOf(ids, classic ? (some) => this.#classicTags(some, send) : (some) => this.#v2Tags(some, send)),
    )
  }

  instanceStates(name: string) {
    return this.#poll('elb', 'DescribeInstanceHealth', async (send) => {
      const { DescribeInstanceHealthCommand } = await import('@aws-sdk/client-elastic-load-balancing')
      const client = await this.#session.elb()
      const command = new DescribeInstanceHealthCommand({ LoadBalancerName: name })
      const answer = await send(command, (options) => client.send(command, options))
      return must(answer.InstanceStates, 'InstanceStates').map(({ State }) => must(State, 'State'))
    })
  }

  interfaces(descriptions: readonly string[]) {
    return this.#poll('ec2', 'DescribeNetworkInterfaces', async (send) => {
      if (descriptions.length === 0) return []
      const { DescribeNetworkInterfacesCommand } = await import('@aws-sdk/client-ec2')
      const client = await this.#session.ec2()
      const found = []
      for (let from = 0; from < descriptions.length; from += filterValues) {
        const Filters = [{ Name: 'description', Values: descriptions.slice(from, from + filterValues) }]
        const some = await everyPage(async (NextToken) => {
          const command = new DescribeNetworkInterfacesCommand({ Filters, MaxResults: interfacePageSize, NextToken })
          const answer = await send(command, (options) => client.send(command, options))
          return { items: must(answer.NetworkInterfaces, 'networkInterfaceSet'), next: answer.NextToken }
        })
        found.push(...some)
      }
      return found.map(readInterface)
    })
  }

  /** One load balancer that was deleted since it was listed fails the whole call: halve until it stands alone. */
  async #tagsOf(
    ids: readonly string[],
    ask: (ids: readonly string[]) => Promise<Map<string, Tags>>,
  ): Promise<Map<string, Tags>> {
    if (ids.length === 0) return new Map()
    try {
      return await ask(ids)
    } catch (error) {
      if (reasonOf(error) !== 'not_found') throw error
      if (ids.length === 1) return new Map()
      const middle = Math.ceil(ids.length / 2)
      const first = await this.#tagsOf(ids.slice(0, middle), ask)
      return new Map([...first, ...(await this.#tagsOf(ids.slice(middle), ask))])
    }
  }

  async #classicTags(ids: readonly string[], send: Send): Promise<Map<string, Tags>> {
    const { DescribeTagsCommand } = await import('@aws-sdk/client-elastic-load-balancing')
    const client = await this.#session.elb()
    const command = new DescribeTagsCommand({ LoadBalancerNames: [...ids] })
    const answer = await send(command, (options) => client.send(command, options))
    const described = must(answer.TagDescriptions, 'TagDescriptions')
    return new Map(described.map(({ LoadBalancerName, Tags = [] }) => [must(LoadBalancerName, 'name'), readTags(Tags)]))
  }

  async #v2Tags(ids: readonly string[], send: Send): Promise<Map<string, Tags>> {
    const { DescribeTagsCommand } = await import('@aws-sdk/client-elastic-load-balancing-v2')
    const client = await this.#session.elbv2()
    const command = new DescribeTagsCommand({ ResourceArns: [...ids] })
    const answer = await send(command, (options) => client.send(command, options))
    const described = must(answer.TagDescriptions, 'TagDescriptions')
    return new Map(described.map(({ ResourceArn, Tags = [] }) => [must(ResourceArn, 'ARN'), readTags(Tags)]))
  }

  async #poll<T>(service: AwsService, operation: string, work: (send: Send) => Promise<T>): Promise<Poll<T>> {
    const { now, region } = this.#options
    try {
      const snapshot = await work(async (command, call) => {
        const { callTimeoutMs } = this.#limits
        const abortSignal = AbortSignal.any([this.#signal, AbortSignal.timeout(callTimeoutMs)])
        command.middlewareStack.add(this.#session.watch(service, operation, this.#budget, abortSignal), attemptStep)
        const why = () => (this.#signal.aborted ? 'The run ended before an answer' : `No answer in ${callTimeoutMs} ms`)
        return await within(abortSignal, why, call)
      })
      return good(now(), snapshot)
    } catch (error) {
      if (!(error instanceof BudgetSpent)) this.#session.renew(error)
      const { reason, message } = failureOf(error, { service, operation, region })
      return failed(now(), reason, message)
    }
  }
}

type Send = <Output>(command: Watchable, call: (options: SendOptions) => Promise<Output>) => Promise<Output>

/**
 * The SDK's paginators end quietly at a marker that repeats, which would make a cut list look whole; here it is a
 * malformed answer. The number of pages is bounded by the requests of the run.
 */
async function everyPage<Item>(
  page: (marker: string | undefined) => Promise<{ items: readonly Item[]; next: string | undefined }>,
): Promise<Item[]> {
  const found: Item[] = []
  const seen = new Set<string>()
  let marker: string | undefined
  do {
    const { items, next } = await page(marker)
    found.push(...items)
    marker = next === '' ? undefined : next
    if (marker !== undefined && seen.has(marker)) throw new MalformedAnswer('Pages that name each other in a circle')
    if (marker !== undefined) seen.add(marker)
  } while (marker !== undefined)
  return found
}
