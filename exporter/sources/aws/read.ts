/** Reads the answers of AWS into plain data. What must be there and is not makes the whole answer malformed. */
import type { NetworkInterface as Ec2Interface } from '@aws-sdk/client-ec2'
import type { LoadBalancerDescription } from '@aws-sdk/client-elastic-load-balancing'
import type { LoadBalancer as V2LoadBalancer } from '@aws-sdk/client-elastic-load-balancing-v2'
import { canonicalAddress } from '../address.ts'
import { MalformedAnswer } from './errors.ts'
import type { LoadBalancer, NetworkInterface, Tags, ZoneAddress } from './types.ts'

export function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new MalformedAnswer(`An answer without ${what}`)
  return value
}

export function readClassic(lb: LoadBalancerDescription): LoadBalancer {
  const name = must(lb.LoadBalancerName, 'LoadBalancerName')
  return {
    id: name,
    name,
    type: 'classic',
    scheme: lb.Scheme ?? 'internet-facing', // EC2-Classic load balancers have none
    dnsName: must(lb.DNSName, 'DNSName'),
    dualstack: false, // the name without prefix has A records only
    interfaceDescription: `ELB ${name}`,
    zoneAddresses: [],
  }
}

export function readV2(lb: V2LoadBalancer): LoadBalancer {
  const arn = must(lb.LoadBalancerArn, 'LoadBalancerArn')
  const addresses = (lb.AvailabilityZones ?? []).flatMap(({ ZoneName: zone = '', LoadBalancerAddresses = [] }) =>
    LoadBalancerAddresses.flatMap(({ IpAddress, PrivateIPv4Address, IPv6Address }) =>
      canonical([IpAddress, PrivateIPv4Address, IPv6Address]).map((address): ZoneAddress => ({ address, zone })),
    ),
  )
  return {
    id: arn,
    name: must(lb.LoadBalancerName, 'LoadBalancerName'),
    type: must(lb.Type, 'Type'),
    scheme: lb.Scheme ?? '',
    // A Gateway Load Balancer has no name in DNS.
    dnsName: lb.Type === 'gateway' ? '' : must(lb.DNSName, 'DNSName'),
    dualstack: (lb.IpAddressType ?? '').startsWith('dualstack'),
    interfaceDescription: `ELB ${arn.split(':loadbalancer/')[1] ?? ''}`,
    zoneAddresses: addresses,
  }
}

export function readInterface(owned: Ec2Interface): NetworkInterface {
  const addresses = owned.PrivateIpAddresses ?? []
  return {
    description: must(owned.Description, 'Description'),
    zone: owned.AvailabilityZone ?? '',
    privateAddresses: canonical([owned.PrivateIpAddress, ...addresses.map(({ PrivateIpAddress }) => PrivateIpAddress)]),
    publicAddresses: canonical([
      owned.Association?.PublicIp,
      ...addresses.map(({ Association }) => Association?.PublicIp),
    ]),
    ipv6Addresses: canonical((owned.Ipv6Addresses ?? []).map(({ Ipv6Address }) => Ipv6Address)),
  }
}

export function readTags(tags: readonly { Key?: string | undefined; Value?: string | undefined }[]): Tags {
  return Object.fromEntries(tags.map(({ Key, Value }) => [must(Key, 'Key'), Value ?? '']))
}

/** Canonical text, sorted, each once. */
function canonical(addresses: readonly (string | undefined)[]): string[] {
  const valid = addresses.map((address) => canonicalAddress(address ?? '')).filter((address) => address !== undefined)
  return [...new Set(valid)].sort()
}
