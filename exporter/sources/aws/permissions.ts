/**
 * Tries each call to AWS that a config needs, with the smallest page there is; EC2 has a dry run, which is answered
 * DryRunOperation where the call is allowed
 * (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html). Elastic Load Balancing has none.
 */
import { type Access, type Asked, allowed, notTried, refused, type Turn } from '../../core/access.ts'
import type { Failure } from '../../core/poll.ts'
import { chainFailureOf, codeOf, failureOf, isUnfit, isUnknownApi, reasonOf } from './errors.ts'
import { must } from './read.ts'
import { Session } from './session.ts'
import type { AwsAccountOptions, AwsService } from './types.ts'
import { type SendOptions, within } from './within.ts'

/** The calls that a config makes necessary. */
export interface AwsNeeds {
  readonly classic: boolean
  readonly v2: boolean
  readonly tags: boolean
  readonly interfaces: boolean
}

export interface AwsAccess {
  readonly access: readonly Access[]
  /** DNS names of load balancers that were seen, at most one of each API. */
  readonly dnsNames: readonly string[]
}

const limits = { requestsPerRun: 20, requestTimeoutMs: 4_000, callTimeoutMs: 10_000, idleMs: 1_000 }

/** Statements of deploy/iam-policy.json by action. */
const statements: Readonly<Record<string, string>> = {
  'elb:DescribeLoadBalancers': 'ClassicLoadBalancers',
  'elb:DescribeInstanceHealth': 'ClassicLoadBalancers',
  'elbv2:DescribeLoadBalancers': 'ApplicationAndNetworkLoadBalancers',
  'elb:DescribeTags': 'SearchByTags',
  'elbv2:DescribeTags': 'SearchByTags',
  'ec2:DescribeNetworkInterfaces': 'NetworkInterfaces',
}

/** Where there is no classic load balancer: AWS says whether a call is allowed before it looks for the name. */
const nobody = 'elb-churn-exporter-permission-check'

export async function tryAwsCalls(
  options: AwsAccountOptions,
  needs: AwsNeeds,
  { signal, turn }: { readonly signal: AbortSignal; readonly turn: Turn },
): Promise<AwsAccess> {
  const session = new Session(options, limits)
  try {
    return await new Trial(session, options, signal, turn).run(needs)
  } finally {
    session.close()
  }
}

class Trial {
  readonly #session: Session
  readonly #options: AwsAccountOptions
  readonly #signal: AbortSignal
  readonly #turn: Turn

  constructor(session: Session, options: AwsAccountOptions, signal: AbortSignal, turn: Turn) {
    this.#session = session
    this.#options = options
    this.#signal = signal
    this.#turn = turn
  }

  async run(needs: AwsNeeds): Promise<AwsAccess> {
    const login = await this.#logIn()
    if (login.verdict !== 'ok') {
      const others = calls(needs).map(([service, operation]) =>
        notTried(this.#asked(service, operation), 'it needs the credentials that could not be had'),
      )
      return { access: [login, ...others], dnsNames: [] }
    }
    const nothing = { access: [], dnsNames: [] }
    const parts = await Promise.all([
      needs.classic ? this.#classic(needs) : nothing,
      needs.v2 ? this.#v2(needs) : nothing,
      needs.interfaces ? this.#interfaces() : nothing,
    ])
    return {
      access: [login, ...parts.flatMap(({ access }) => access)],
      dnsNames: parts.flatMap(({ dnsNames }) => dnsNames),
    }
  }

  async #logIn(): Promise<Access> {
    const { roleArn, region } = this.#options
    const logIn = async () => {
      const { config } = await this.#session.elb()
      await config.credentials()
    }
    if (roleArn === undefined) {
      const asked = { call: 'credentials of AWS', on: "the SDK's default chain" }
      return await this.#try(asked, 'the account of the pod in the trust policy of its role', chainFailureOf, logIn)
    }
    const grant = `sts:AssumeRole on ${roleArn} to the caller (statement AssumeRole), and the caller in the role's trust policy`
    const where = { service: 'sts', operation: 'AssumeRole', region } as const
    return await this.#try({ call: 'sts:AssumeRole', on: roleArn }, grant, (error) => failureOf(error, where), logIn)
  }

  async #classic({ tags }: AwsNeeds): Promise<AwsAccess> {
    const sdk = await import('@aws-sdk/client-elastic-load-balancing')
    const client = await this.#session.elb()
    let seen: { readonly name: string; readonly dnsName: string } | undefined
    const list = await this.#call('elb', 'DescribeLoadBalancers', async (abort) => {
      const page = await client.send(new sdk.DescribeLoadBalancersCommand({ PageSize: 1 }), abort)
      const [first] = must(page.LoadBalancerDescriptions, 'LoadBalancerDescriptions')
      seen = { name: first?.LoadBalancerName ?? '', dnsName: first?.DNSName ?? '' }
    })
    const name = seen?.name || nobody
    const health = this.#call('elb', 'DescribeInstanceHealth', async (abort) => {
      const answer = await client.send(new sdk.DescribeInstanceHealthCommand({ LoadBalancerName: name }), abort)
      must(answer.InstanceStates, 'InstanceStates')
    })
    const tagged = async () =>
      await this.#call('elb', 'DescribeTags', async (abort) => {
        const answer = await client.send(new sdk.DescribeTagsCommand({ LoadBalancerNames: [name] }), abort)
        must(answer.TagDescriptions, 'TagDescriptions')
      })
    const access = [list, ...(await Promise.all(tags ? [health, tagged()] : [health]))]
    return { access, dnsNames: seen?.dnsName ? [seen.dnsName] : [] }
  }

  async #v2({ tags }: AwsNeeds): Promise<AwsAccess> {
    const sdk = await import('@aws-sdk/client-elastic-load-balancing-v2')
    const client = await this.#session.elbv2()
    let seen: { readonly arn: string; readonly dnsName: string } | undefined
    const list = await this.#call('elbv2', 'DescribeLoadBalancers', async (abort) => {
      const page = await client.send(new sdk.DescribeLoadBalancersCommand({ PageSize: 1 }), abort)
      const [first] = must(page.LoadBalancers, 'LoadBalancers')
      seen = { arn: first?.LoadBalancerArn ?? '', dnsName: first?.DNSName ?? '' }
    })
    const dnsNames = seen?.dnsName ? [seen.dnsName] : []
    if (!tags) return { access: [list], dnsNames }
    const { arn = '' } = seen ?? {}
    if (arn === '') {
      const why = list.verdict === 'ok' ? 'there is no load balancer to ask about' : 'it takes an ARN from the list'
      return { access: [list, notTried(this.#asked('elbv2', 'DescribeTags'), why)], dnsNames }
    }
    const tagged = await this.#call('elbv2', 'DescribeTags', async (abort) => {
      const answer = await client.send(new sdk.DescribeTagsCommand({ ResourceArns: [arn] }), abort)
      must(answer.TagDescriptions, 'TagDescriptions')
    })
    return { access: [list, tagged], dnsNames }
  }

  async #interfaces(): Promise<AwsAccess> {
    const { DescribeNetworkInterfacesCommand } = await import('@aws-sdk/client-ec2')
    const client = await this.#session.ec2()
    // The filter is for endpoints that know no dry run and answer.
    const Filters = [{ Name: 'description', Values: [`ELB ${nobody}`] }]
    const found = await this.#call('ec2', 'DescribeNetworkInterfaces', async (abort) => {
      const command = new DescribeNetworkInterfacesCommand({ DryRun: true, MaxResults: 5, Filters })
      must((await client.send(command, abort)).NetworkInterfaces, 'networkInterfaceSet')
    })
    return { access: [found], dnsNames: [] }
  }

  #asked(service: AwsService, operation: string): Asked {
    return { call: actionOf(service, operation), on: `${apis[service]}${this.#options.region}` }
  }

  async #call(
    service: AwsService,
    operation: string,
    send: (options: SendOptions) => Promise<unknown>,
  ): Promise<Access> {
    const grant = `${actionOf(service, operation)} (statement ${statements[`${service}:${operation}`]})`
    const where = { service, operation, region: this.#options.region }
    return await this.#try(this.#asked(service, operation), grant, (error) => failureOf(error, where), send)
  }

  async #try(
    asked: Asked,
    grant: string,
    tell: (error: unknown) => Failure,
    send: (options: SendOptions) => Promise<unknown>,
  ): Promise<Access> {
    try {
      const ends = () => AbortSignal.any([this.#signal, AbortSignal.timeout(limits.callTimeoutMs)])
      await this.#turn(() => within(ends(), () => 'No answer in time', send))
      return allowed(asked)
    } catch (error) {
      // Who may not ask is told so before anything is looked for.
      if (codeOf(error) === 'DryRunOperation' || reasonOf(error) === 'not_found') return allowed(asked)
      const failure = tell(error)
      const elsewhere = isUnknownApi(error) || (failure.reason === 'denied' && isUnfit(error))
      return refused(asked, elsewhere ? { ...failure, reason: 'malformed' } : failure, grant)
    }
  }
}

const apis: Readonly<Record<AwsService, string>> = { elb: 'classic in ', elbv2: 'v2 in ', ec2: '', sts: '' }

function actionOf(service: AwsService, operation: string): string {
  return `${service.startsWith('elb') ? 'elasticloadbalancing' : service}:${operation}`
}

function calls({ classic, v2, tags, interfaces }: AwsNeeds): (readonly [AwsService, string])[] {
  const wanted: [boolean, AwsService, string][] = [
    [classic, 'elb', 'DescribeLoadBalancers'],
    [classic, 'elb', 'DescribeInstanceHealth'],
    [classic && tags, 'elb', 'DescribeTags'],
    [v2, 'elbv2', 'DescribeLoadBalancers'],
    [v2 && tags, 'elbv2', 'DescribeTags'],
    [interfaces, 'ec2', 'DescribeNetworkInterfaces'],
  ]
  return wanted.filter(([is]) => is).map(([, service, operation]) => [service, operation])
}
