/** What the rest of the program sees of AWS: plain data, in the words of the AWS API references. */
import type { Poll } from '../../core/poll.ts'
import type { FindAddresses } from '../dns/host-addresses.ts'

export type AwsService = 'elb' | 'elbv2' | 'ec2' | 'sts'

/** One HTTP request to AWS, as AWS counts it for its limits. */
export interface Attempt {
  readonly service: AwsService
  readonly operation: string
  /** `OK`, the error code of AWS, `timeout`, `network`, `malformed`, or the HTTP status of an error without a code */
  readonly code: string
}

export interface LoadBalancer {
  /** The name of a classic load balancer, the ARN of any other: what its API takes. */
  readonly id: string
  readonly name: string
  /** `classic`, or the `Type` of the second API: `application`, `network`, `gateway` */
  readonly type: string
  /** `internet-facing` or `internal` */
  readonly scheme: string
  readonly dnsName: string
  /** true where its name has AAAA records: IpAddressType `dualstack` and `dualstack-without-public-ipv4` */
  readonly dualstack: boolean
  /** What the description of its network interfaces reads. */
  readonly interfaceDescription: string
  /** Network load balancers only: the addresses that the API gives for each zone. */
  readonly zoneAddresses: readonly ZoneAddress[]
}

/** An address in canonical text form and its Availability Zone. */
export interface ZoneAddress {
  readonly address: string
  readonly zone: string
}

export interface NetworkInterface {
  readonly description: string
  readonly zone: string
  /** private IPv4 addresses */
  readonly privateAddresses: readonly string[]
  /** public IPv4 addresses associated with them */
  readonly publicAddresses: readonly string[]
  readonly ipv6Addresses: readonly string[]
}

export type Tags = Readonly<Record<string, string>>

export interface AwsAccountOptions {
  readonly region: string
  /** Role to assume, by the SDK's own provider; absent: the default credential chain as it is. */
  readonly roleArn?: string
  /** Where the APIs are (STS too), absent: where AWS has them. */
  readonly endpoint?: string
  /** Called for each HTTP request. */
  readonly onAttempt: (attempt: Attempt) => void
  readonly now: () => number
  /** Asked anew for each dial. Never getaddrinfo, which holds a thread of the process while no nameserver answers. */
  readonly addressesOf: FindAddresses
  readonly limits?: Partial<AwsLimits>
}

export interface AwsLimits {
  /** HTTP requests in one run. */
  readonly requestsPerRun: number
  /** One HTTP request: connecting, waiting for the answer, and silence within it, each. */
  readonly requestTimeoutMs: number
  /** One call with its retries and with getting credentials. */
  readonly callTimeoutMs: number
  /** A connection idle for this long is closed, so that the next run dials through fresh DNS. */
  readonly idleMs: number
}

/** One account (a role) in one region. */
export interface AwsAccount {
  /** Begins a run: its calls share one budget of requests and end with the signal. One run at a time. */
  run(signal: AbortSignal): AwsRun
  close(): void
}

/** None of these throws: a failure is a `Poll` with its reason. */
export interface AwsRun {
  /** Every page of DescribeLoadBalancers of Elastic Load Balancing 2012-06-01. */
  listClassic(): Promise<Poll<readonly LoadBalancer[]>>
  /** Every page of DescribeLoadBalancers of Elastic Load Balancing 2015-12-01. */
  listV2(): Promise<Poll<readonly LoadBalancer[]>>
  /** Tags by id. At most 20 load balancers, all classic or none. One that is gone is left out. */
  tags(loadBalancers: readonly LoadBalancer[]): Promise<Poll<ReadonlyMap<string, Tags>>>
  /** States of the instances registered with a classic load balancer: InService, OutOfService, Unknown. */
  instanceStates(name: string): Promise<Poll<readonly string[]>>
  /** The network interfaces with one of these descriptions. */
  interfaces(descriptions: readonly string[]): Promise<Poll<readonly NetworkInterface[]>>
}
