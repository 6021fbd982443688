/**
 * What the lab's AWS endpoint says: the XML of the AWS Query protocol (Elastic Load Balancing, STS) and of the EC2 Query
 * protocol, after the response elements of the API references (Elastic Load Balancing API Reference 2012-06-01 and
 * 2015-12-01, Amazon EC2 API Reference 2016-11-15, AWS Security Token Service API Reference 2011-06-15).
 */

export interface LabInstance {
  readonly id: string
  readonly state: 'InService' | 'OutOfService' | 'Unknown'
}

/** A network interface of a load balancer, as DescribeNetworkInterfaces shows it. */
export interface LabInterface {
  readonly address: string
  readonly zone: string
  readonly publicAddress?: string
  readonly ipv6Address?: string
}

export interface LabLoadBalancer {
  readonly name: string
  readonly type: 'classic' | 'application' | 'network' | 'gateway'
  readonly scheme: 'internet-facing' | 'internal'
  readonly dnsName: string
  readonly ipAddressType?: 'ipv4' | 'dualstack' | 'dualstack-without-public-ipv4'
  readonly tags?: Readonly<Record<string, string>>
  readonly instances?: readonly LabInstance[]
  readonly interfaces?: readonly LabInterface[]
  /** Network load balancers only: the static addresses that DescribeLoadBalancers gives for each zone. */
  readonly zoneAddresses?: readonly { readonly zone: string; readonly address: string }[]
}

export const namespaces = {
  elb: 'http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/',
  elbv2: 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/',
  ec2: 'http://ec2.amazonaws.com/doc/2016-11-15/',
  sts: 'https://sts.amazonaws.com/doc/2011-06-15/',
} as const

export type LabService = keyof typeof namespaces

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

export function text(value: string): string {
  return value.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}

/** `content` is XML already, or text that went through `text`. */
export function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`
}

function leaf(name: string, value: string | undefined): string {
  return value === undefined ? '' : element(name, text(value))
}

function list(name: string, item: string, contents: readonly string[]): string {
  return element(name, contents.map((content) => element(item, content)).join(''))
}

/** Wraps a result the way the service does: EC2 has no `…Result` element. */
export function answer(service: LabService, action: string, result: string): string {
  const body =
    service === 'ec2'
      ? `${element('requestId', 'lab-request')}${result}`
      : `${element(`${action}Result`, result)}${element('ResponseMetadata', element('RequestId', 'lab-request'))}`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${action}Response xmlns="${namespaces[service]}">${body}</${action}Response>`
}

export function errorAnswer(service: LabService, code: string, message: string): string {
  const said = `${leaf('Code', code)}${leaf('Message', message)}`
  return service === 'ec2'
    ? element('Response', `${element('Errors', element('Error', said))}${element('RequestID', 'lab-request')}`)
    : `<ErrorResponse xmlns="${namespaces[service]}">${element('Error', `<Type>Sender</Type>${said}`)}${element('RequestId', 'lab-request')}</ErrorResponse>`
}

export function arnOf(lb: LabLoadBalancer): string {
  return `arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/${pathOf(lb)}`
}

/** `app/<name>/<id>` for an application load balancer. The id is made of the name, so that it stays the same. */
function pathOf(lb: LabLoadBalancer): string {
  const kind = { classic: 'classic', application: 'app', network: 'net', gateway: 'gwy' }[lb.type]
  return `${kind}/${lb.name}/${Buffer.from(lb.name).toString('hex').padEnd(16, '0').slice(0, 16)}`
}

export function describeClassic(page: readonly LabLoadBalancer[], nextMarker: string | undefined): string {
  const members = page.map((lb) =>
    [
      leaf('LoadBalancerName', lb.name),
      leaf('DNSName', lb.dnsName),
      leaf('CanonicalHostedZoneName', lb.dnsName),
      leaf('Scheme', lb.scheme),
      leaf('VPCId', 'vpc-0a1b2c3d'),
      leaf('CreatedTime', '2026-01-01T00:00:00.000Z'),
      list(
        'Instances',
        'member',
        (lb.instances ?? []).map(({ id }) => leaf('InstanceId', id)),
      ),
    ].join(''),
  )
  return `${list('LoadBalancerDescriptions', 'member', members)}${leaf('NextMarker', nextMarker)}`
}

export function describeV2(page: readonly LabLoadBalancer[], nextMarker: string | undefined): string {
  const members = page.map((lb) =>
    [
      leaf('LoadBalancerArn', arnOf(lb)),
      leaf('LoadBalancerName', lb.name),
      leaf('DNSName', lb.dnsName),
      leaf('Scheme', lb.scheme),
      leaf('Type', lb.type),
      leaf('IpAddressType', lb.ipAddressType ?? 'ipv4'),
      element('State', leaf('Code', 'active')),
      leaf('VpcId', 'vpc-0a1b2c3d'),
      list('AvailabilityZones', 'member', zonesOf(lb)),
    ].join(''),
  )
  return `${list('LoadBalancers', 'member', members)}${leaf('NextMarker', nextMarker)}`
}

function zonesOf(lb: LabLoadBalancer): string[] {
  return (lb.zoneAddresses ?? []).map(({ zone, address }) => {
    const field = lb.scheme === 'internal' ? 'PrivateIPv4Address' : 'IpAddress'
    return `${leaf('ZoneName', zone)}${list('LoadBalancerAddresses', 'member', [leaf(field, address)])}`
  })
}

export function describeTags(service: LabService, asked: readonly LabLoadBalancer[]): string {
  const members = asked.map((lb) => {
    const tags = Object.entries(lb.tags ?? {}).map(([key, value]) => `${leaf('Key', key)}${leaf('Value', value)}`)
    const id = service === 'elb' ? leaf('LoadBalancerName', lb.name) : leaf('ResourceArn', arnOf(lb))
    return `${id}${list('Tags', 'member', tags)}`
  })
  return list('TagDescriptions', 'member', members)
}

export function describeInstanceHealth(lb: LabLoadBalancer): string {
  const members = (lb.instances ?? []).map(
    ({ id, state }) => `${leaf('InstanceId', id)}${leaf('State', state)}${leaf('ReasonCode', 'N/A')}`,
  )
  return list('InstanceStates', 'member', members)
}

export interface OwnedInterface extends LabInterface {
  readonly id: string
  readonly description: string
}

/** What AWS writes into the description of an interface that Elastic Load Balancing made. */
export function interfacesOf(lb: LabLoadBalancer): OwnedInterface[] {
  const description = `ELB ${lb.type === 'classic' ? lb.name : pathOf(lb)}`
  return (lb.interfaces ?? []).map((owned) => ({ ...owned, description, id: `eni-${owned.address}` }))
}

export function describeInterfaces(page: readonly OwnedInterface[], nextToken: string | undefined): string {
  const items = page.map((owned) => {
    const association =
      owned.publicAddress === undefined ? '' : element('association', leaf('publicIp', owned.publicAddress))
    const primary = `${leaf('privateIpAddress', owned.address)}<primary>true</primary>${association}`
    const ipv6 = owned.ipv6Address === undefined ? [] : [leaf('ipv6Address', owned.ipv6Address)]
    return [
      leaf('networkInterfaceId', owned.id),
      leaf('availabilityZone', owned.zone),
      leaf('description', owned.description),
      leaf('status', 'in-use'),
      leaf('privateIpAddress', owned.address),
      association,
      list('privateIpAddressesSet', 'item', [primary]),
      list('ipv6AddressesSet', 'item', ipv6),
    ].join('')
  })
  return `${list('networkInterfaceSet', 'item', items)}${leaf('nextToken', nextToken)}`
}

export function assumeRole(roleArn: string, accessKeyId: string, expiration: Date): string {
  const credentials = [
    leaf('AccessKeyId', accessKeyId),
    leaf('SecretAccessKey', 'lab-secret'),
    leaf('SessionToken', 'lab-session-token'),
    leaf('Expiration', expiration.toISOString()),
  ].join('')
  const user = `${leaf('AssumedRoleId', 'AROALAB:lab')}${leaf('Arn', roleArn)}`
  return `${element('Credentials', credentials)}${element('AssumedRoleUser', user)}`
}
