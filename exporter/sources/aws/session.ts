import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { EC2Client } from '@aws-sdk/client-ec2'
import type {
  ElasticLoadBalancingClient,
  ElasticLoadBalancingClientConfig,
} from '@aws-sdk/client-elastic-load-balancing'
import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { Lookups } from '../dns/lookup.ts'
import { attemptCode, BudgetSpent, RoleRefused, reasonOf } from './errors.ts'
import type { AwsAccountOptions, AwsLimits, AwsService } from './types.ts'

type Credentials = NonNullable<ElasticLoadBalancingClientConfig['credentials']>
type Handler<Args, Output> = (args: Args) => Promise<Output>

interface Clients {
  elb?: ElasticLoadBalancingClient
  elbv2?: ElasticLoadBalancingV2Client
  ec2?: EC2Client
}

const attempts = 3

/** Below the retries, so that it sees each request that is sent. */
export const attemptStep = { step: 'finalizeRequest', priority: 'low', name: 'attempt', override: true } as const

/** HTTP requests that a run may still send. */
export interface Budget {
  left: number
}

/**
 * Clients, connections and credentials of one account. Each client is imported when it is first needed: the one for EC2
 * costs 65 to 75 MB of memory.
 *
 * Clients are replaced after a failure. The SDK's retry quota of 500 tokens is spent after 17 calls that fail in a row,
 * and it fills only by success: an old client would not retry just when the trouble ends.
 */
export class Session {
  readonly #options: AwsAccountOptions
  readonly #limits: AwsLimits
  readonly #lookups: Lookups
  readonly #agents: { httpAgent: HttpAgent; httpsAgent: HttpsAgent }
  #clients: Clients = {}
  #credentials: Credentials | undefined

  constructor(options: AwsAccountOptions, limits: AwsLimits) {
    this.#options = options
    this.#limits = limits
    this.#lookups = new Lookups(options.addressesOf)
    const agent = { keepAlive: true, timeout: limits.idleMs, maxSockets: 8, lookup: this.#lookups.lookup }
    this.#agents = { httpAgent: new HttpAgent(agent), httpsAgent: new HttpsAgent(agent) }
  }

  async elb(): Promise<ElasticLoadBalancingClient> {
    const { ElasticLoadBalancingClient } = await import('@aws-sdk/client-elastic-load-balancing')
    this.#clients.elb ??= this.#keep(new ElasticLoadBalancingClient(await this.#config()))
    return this.#clients.elb
  }

  async elbv2(): Promise<ElasticLoadBalancingV2Client> {
    const { ElasticLoadBalancingV2Client } = await import('@aws-sdk/client-elastic-load-balancing-v2')
    this.#clients.elbv2 ??= this.#keep(new ElasticLoadBalancingV2Client(await this.#config()))
    return this.#clients.elbv2
  }

  async ec2(): Promise<EC2Client> {
    const { EC2Client } = await import('@aws-sdk/client-ec2')
    this.#clients.ec2 ??= this.#keep(new EC2Client(await this.#config()))
    return this.#clients.ec2
  }

  /** Counts each request of a command, and refuses those beyond the budget. `signal` is the one that ends the call. */
  watch(service: AwsService, operation: string, budget?: Budget, signal?: AbortSignal) {
    const { onAttempt } = this.#options
    return <Args, Output>(next: Handler<Args, Output>): Handler<Args, Output> =>
      async (args) => {
        if (budget !== undefined) {
          if (budget.left <= 0) throw new BudgetSpent('The requests of this run are used up')
          budget.left -= 1
        }
        try {
          const output = await next(args)
          onAttempt({ service, operation, code: 'OK' })
          return output
        } catch (error) {
          onAttempt({ service, operation, code: signal?.aborted === true ? 'timeout' : attemptCode(error) })
          throw error
        }
      }
  }

  /** After a failure: the next call gets a client with a full retry quota, and credentials anew if those were refused. */
  renew(error: unknown): void {
    this.#clients = {}
    if (error instanceof RoleRefused || reasonOf(error) === 'expired') this.#credentials = undefined
  }

  close(): void {
    this.#lookups.cancel()
    this.#agents.httpAgent.destroy()
    this.#agents.httpsAgent.destroy()
  }

  async #config() {
    const { region, endpoint } = this.#options
    const credentials = this.#credentials ?? (await this.#newCredentials())
    return {
      region,
      maxAttempts: attempts,
      requestHandler: this.#requestHandler(),
      credentials,
      ...(endpoint === undefined ? {} : { endpoint }),
    }
  }

  /** All clients share the credentials of the first: it keeps them until they expire. */
  #keep<Client extends { readonly config: { readonly credentials?: Credentials } }>(client: Client): Client {
    this.#credentials ??= client.config.credentials
    return client
  }

  #requestHandler() {
    const { requestTimeoutMs } = this.#limits
    return {
      ...this.#agents,
      connectionTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: requestTimeoutMs,
    }
  }

  async #newCredentials(): Promise<Credentials> {
    const { roleArn, region, endpoint } = this.#options
    const { fromNodeProviderChain, fromTemporaryCredentials } = await import('@aws-sdk/credential-providers')
    const clientConfig = { region, maxAttempts: attempts, requestHandler: this.#requestHandler() }
    // Without this the SDK reads its files once in the life of the process: credentials renewed there would not help.
    const own = fromNodeProviderChain({ clientConfig, ignoreCache: true })
    if (roleArn === undefined) return own
    const assume = fromTemporaryCredentials({
      params: { RoleArn: roleArn, RoleSessionName: 'elb-churn-exporter' },
      masterCredentials: own,
      clientConfig: { ...clientConfig, ...(endpoint === undefined ? {} : { endpoint }) },
      clientPlugins: [{ applyToStack: (stack) => stack.add(this.watch('sts', 'AssumeRole'), attemptStep) }],
    })
    return async (properties) => {
      try {
        return await assume(properties)
      } catch (error) {
        throw new RoleRefused(roleArn, { cause: error })
      }
    }
  }
}
