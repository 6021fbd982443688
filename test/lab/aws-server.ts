/**
 * The AWS APIs that the exporter asks, on loopback: classic Elastic Load Balancing (Version 2012-06-01), its second
 * version (2015-12-01), EC2 (2016-11-15) and STS AssumeRole, all at one endpoint and told apart by Action and Version.
 * Requests must carry a Signature Version 4 header; the signature itself is not checked.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  answer,
  arnOf,
  assumeRole,
  describeClassic,
  describeInstanceHealth,
  describeInterfaces,
  describeTags,
  describeV2,
  errorAnswer,
  interfacesOf,
  type LabLoadBalancer,
  type LabService,
} from './aws-answers.ts'
import { type LabAwsFault, notFound, Refusal, refuse, send } from './aws-faults.ts'
import { LabIam } from './aws-iam.ts'

export type { LabInstance, LabInterface, LabLoadBalancer, LabService } from './aws-answers.ts'
export { type LabAwsFault, labAwsFaults } from './aws-faults.ts'

/** `service:Action`, such as `elb:DescribeTags`; `*` for all. */
export type LabAwsAction = `${LabService}:${string}` | '*'

interface Call {
  readonly service: LabService
  readonly action: string
  readonly parameters: URLSearchParams
}

const serviceOfVersion: Readonly<Record<string, LabService>> = {
  '2012-06-01': 'elb',
  '2015-12-01': 'elbv2',
  '2016-11-15': 'ec2',
  '2011-06-15': 'sts',
}

export class LabAws {
  readonly #server: Server
  readonly #loadBalancers = new Map<string, LabLoadBalancer>()
  readonly #faults = new Map<string, { fault: LabAwsFault; left: number }>()
  readonly #calls = new Map<string, number>()
  readonly #lastCalls = new Map<string, URLSearchParams>()
  readonly #accessKeys = new Map<string, string>()
  readonly #timers = new Set<NodeJS.Timeout>()
  /** Who may do what; everything, unless a test says otherwise. */
  readonly iam = new LabIam()
  #connections = 0
  /** Largest page that the service gives, whatever PageSize or MaxResults asks for. */
  pageLimit = 400
  /** How long credentials of AssumeRole are good for, in seconds. */
  credentialsSeconds = 3600

  private constructor(server: Server) {
    this.#server = server
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response).catch((error: unknown) => response.destroy(error as Error))
    })
    server.on('connection', () => {
      this.#connections += 1
    })
  }

  static async start(options: { readonly host?: string; readonly port?: number } = {}): Promise<LabAws> {
    const server = createServer({ keepAliveTimeout: 60_000 })
    const lab = new LabAws(server)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve)
    })
    return lab
  }

  get endpoint(): string {
    const { address, port } = this.#server.address() as AddressInfo
    return `http://${address}:${port}`
  }

  /** TCP connections accepted so far. */
  get connections(): number {
    return this.#connections
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    this.#timers.clear()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  /** Adds a load balancer, or replaces the one of the same type and name. */
  put(...loadBalancers: readonly LabLoadBalancer[]): void {
    for (const lb of loadBalancers) this.#loadBalancers.set(keyOf(lb), lb)
  }

  /** Changes some fields of a load balancer that is there. */
  change(type: LabLoadBalancer['type'], name: string, fields: Partial<LabLoadBalancer>): void {
    const lb = this.#loadBalancers.get(keyOf({ type, name }))
    if (lb === undefined) throw new Error(`the lab has no ${type} load balancer ${name}`)
    this.put({ ...lb, ...fields })
  }

  remove(type: LabLoadBalancer['type'], name: string): void {
    this.#loadBalancers.delete(keyOf({ type, name }))
  }

  clear(): void {
    this.#loadBalancers.clear()
  }

  /** Makes the next `times` calls of `action` fail, or all until `clearFaults`. */
  fail(action: LabAwsAction, fault: LabAwsFault, times = Number.POSITIVE_INFINITY): void {
    this.#faults.set(action, { fault, left: times })
  }

  clearFaults(): void {
    this.#faults.clear()
  }

  /** Calls so far, of one `service:Action` or of all. */
  calls(action: LabAwsAction = '*'): number {
    if (action !== '*') return this.#calls.get(action) ?? 0
    return [...this.#calls.values()].reduce((sum, count) => sum + count, 0)
  }

  resetCalls(): void {
    this.#calls.clear()
  }

  /** Parameters of the last call of `action`. */
  lastCall(action: LabAwsAction): URLSearchParams | undefined {
    return this.#lastCalls.get(action)
  }

  /** Access key that signed the last call of `action`. */
  lastAccessKey(action: LabAwsAction): string | undefined {
    return this.#accessKeys.get(action)
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
    const parameters = new URLSearchParams(body)
    const service = serviceOfVersion[parameters.get('Version') ?? ''] ?? 'elb'
    const call = { service, action: parameters.get('Action') ?? '', parameters }
    const key = `${service}:${call.action}`
    this.#calls.set(key, (this.#calls.get(key) ?? 0) + 1)
    this.#lastCalls.set(key, parameters)
    const credential = /^AWS4-HMAC-SHA256 Credential=([^/]+)\//.exec(request.headers.authorization ?? '')
    this.#accessKeys.set(key, credential?.[1] ?? '')
    const fault = this.#takeFault(key)
    const { status, xml } = this.#respond(call, credential !== null, fault)
    const timer = send(response, status, xml, fault)
    if (timer !== undefined) this.#keep(timer, response)
  }

  #keep(timer: NodeJS.Timeout, response: ServerResponse): void {
    this.#timers.add(timer)
    response.once('close', () => {
      clearInterval(timer)
      this.#timers.delete(timer)
    })
  }

  #takeFault(key: string): LabAwsFault | undefined {
    for (const action of [key, '*']) {
      const planned = this.#faults.get(action)
      if (planned === undefined) continue
      planned.left -= 1
      if (planned.left <= 0) this.#faults.delete(action)
      return planned.fault
    }
    return undefined
  }

  #respond(call: Call, signed: boolean, fault: LabAwsFault | undefined): { status: number; xml: string } {
    try {
      if (!signed) throw new Refusal(403, 'MissingAuthenticationToken', 'Request is missing Authentication Token')
      refuse(call.service, fault)
      this.iam.authorize(call)
      const result = this.#result(call, fault === 'repeated-marker')
      return { status: 200, xml: answer(call.service, call.action, fault === 'missing-list' ? '' : result) }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return { status: error.status, xml: errorAnswer(call.service, error.code, error.message) }
    }
  }

  #result(call: Call, repeatMarker: boolean): string {
    switch (`${call.service}:${call.action}`) {
      case 'elb:DescribeLoadBalancers':
        return this.#page(call, this.#classic(call), 'PageSize', 'Marker', repeatMarker, describeClassic)
      case 'elbv2:DescribeLoadBalancers':
        return this.#page(call, this.#v2(), 'PageSize', 'Marker', repeatMarker, describeV2)
      case 'elb:DescribeTags':
      case 'elbv2:DescribeTags':
        return describeTags(call.service, this.#named(call))
      case 'elb:DescribeInstanceHealth':
        return describeInstanceHealth(this.#find(call, call.parameters.get('LoadBalancerName') ?? ''))
      case 'ec2:DescribeNetworkInterfaces':
        return this.#page(call, this.#interfaces(call), 'MaxResults', 'NextToken', repeatMarker, describeInterfaces)
      case 'sts:AssumeRole':
        return this.#assumeRole(call)
      default:
        throw new Refusal(400, 'InvalidAction', `The action ${call.action} is not valid for this endpoint.`)
    }
  }

  #page<T>(
    { parameters }: Call,
    all: readonly T[],
    sizeName: string,
    markerName: string,
    repeatMarker: boolean,
    render: (page: readonly T[], next: string | undefined) => string,
  ): string {
    const size = Math.min(Number(parameters.get(sizeName) ?? this.pageLimit), this.pageLimit)
    const from = Number(Buffer.from(parameters.get(markerName) ?? '', 'base64url').toString() || 0)
    const to = from + size
    const marker = (at: number) => Buffer.from(String(at)).toString('base64url')
    if (repeatMarker) return render(all.slice(from, to), marker(1))
    return render(all.slice(from, to), to < all.length ? marker(to) : undefined)
  }

  #classic({ parameters }: Call): LabLoadBalancer[] {
    const names = membersOf(parameters, 'LoadBalancerNames')
    const all = this.#all().filter(({ type }) => type === 'classic')
    const missing = names.find((name) => !all.some((lb) => lb.name === name))
    if (missing !== undefined) throw notFound('elb', missing)
    return names.length === 0 ? all : all.filter(({ name }) => names.includes(name))
  }

  #v2(): LabLoadBalancer[] {
    return this.#all().filter(({ type }) => type !== 'classic')
  }

  #all(): LabLoadBalancer[] {
    return [...this.#loadBalancers.values()].sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1))
  }

  #named(call: Call): LabLoadBalancer[] {
    const ids = membersOf(call.parameters, call.service === 'elb' ? 'LoadBalancerNames' : 'ResourceArns')
    if (ids.length === 0 || ids.length > 20) {
      throw new Refusal(400, 'ValidationError', `${ids.length} load balancers asked for; 1 to 20 are allowed`)
    }
    return ids.map((id) => this.#find(call, id))
  }

  #find({ service }: Call, id: string): LabLoadBalancer {
    const found = this.#all().find((lb) =>
      service === 'elb' ? lb.type === 'classic' && lb.name === id : lb.type !== 'classic' && arnOf(lb) === id,
    )
    if (found === undefined) throw notFound(service, id)
    return found
  }

  #interfaces({ parameters }: Call) {
    const descriptions: string[] = []
    for (let filter = 1; parameters.has(`Filter.${filter}.Name`); filter += 1) {
      if (parameters.get(`Filter.${filter}.Name`) !== 'description') {
        throw new Refusal(400, 'InvalidParameterValue', 'The lab filters network interfaces by description only')
      }
      for (let value = 1; parameters.has(`Filter.${filter}.Value.${value}`); value += 1) {
        descriptions.push(parameters.get(`Filter.${filter}.Value.${value}`) ?? '')
      }
    }
    if (descriptions.length > 200) throw new Refusal(400, 'FilterLimitExceeded', 'The filter limit is 200 values')
    return this.#all()
      .flatMap(interfacesOf)
      .filter(({ description }) => descriptions.length === 0 || descriptions.includes(description))
  }

  #assumeRole({ parameters }: Call): string {
    const expiration = new Date(Date.now() + this.credentialsSeconds * 1000)
    return assumeRole(parameters.get('RoleArn') ?? '', 'ASIALABROLE', expiration)
  }
}

function keyOf(lb: Pick<LabLoadBalancer, 'type' | 'name'>): string {
  return `${lb.type}/${lb.name}`
}

function membersOf(parameters: URLSearchParams, name: string): string[] {
  const members: string[] = []
  for (let index = 1; parameters.has(`${name}.member.${index}`); index += 1) {
    members.push(parameters.get(`${name}.member.${index}`) ?? '')
  }
  return members
}
