import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dialled, judge } from '../../../../exporter/signals/elb/matching.ts'
import type { LoadBalancerOptions } from '../../../../exporter/signals/elb/options.ts'
import type { LoadBalancer } from '../../../../exporter/sources/aws/types.ts'

const options: LoadBalancerOptions = {
  region: 'us-west-2',
  resolvers: ['authoritative'],
  names: ['k8s-api'],
  tags: { KubernetesCluster: 'prod', tier: 'api' },
  types: ['classic', 'network'],
  interfaces: false,
}

describe('a config entry', () => {
  it('wants a load balancer by its exact name or by all of its tags', () => {
    const other = { name: 'other', type: 'network' }
    assert.equal(judge({ name: 'k8s-api', type: 'classic' }, options, undefined), 'wanted')
    assert.equal(judge({ name: 'K8S-api', type: 'classic' }, { ...options, tags: {} }, undefined), 'unwanted')
    assert.equal(judge(other, options, { KubernetesCluster: 'prod', tier: 'api', more: 'x' }), 'wanted')
    assert.equal(judge(other, options, { KubernetesCluster: 'prod' }), 'unwanted')
    assert.equal(judge(other, options, undefined), 'unknown')
    assert.equal(judge(other, { ...options, tags: {} }, {}), 'unwanted')
  })

  it('wants no load balancer of another type', () => {
    assert.equal(judge({ name: 'k8s-api', type: 'application' }, options, undefined), 'unwanted')
    assert.equal(judge({ name: 'k8s-api', type: 'gateway' }, options, undefined), 'unwanted')
  })
})

describe('the addresses of network interfaces', () => {
  const lb: LoadBalancer = {
    id: 'k8s-api',
    name: 'k8s-api',
    type: 'classic',
    scheme: 'internal',
    dnsName: 'k8s-api.elb.test',
    dualstack: false,
    interfaceDescription: 'ELB k8s-api',
    zoneAddresses: [],
  }
  const owned = {
    description: 'ELB k8s-api',
    zone: 'us-west-2a',
    privateAddresses: ['10.0.0.1'],
    publicAddresses: ['198.51.100.1'],
    ipv6Addresses: ['2001:db8::1'],
  }

  it('are those that clients dial', () => {
    const dialledBy = (given: Partial<LoadBalancer>) =>
      dialled({ ...lb, ...given }, [owned, { ...owned, privateAddresses: ['10.0.0.2'], publicAddresses: [] }])
        .map(({ address, zone }) => `${address} ${zone}`)
        .sort()
    assert.deepEqual(dialledBy({}), ['10.0.0.1 us-west-2a', '10.0.0.2 us-west-2a'])
    assert.deepEqual(dialledBy({ scheme: 'internet-facing' }), ['198.51.100.1 us-west-2a'])
    assert.ok(dialledBy({ dualstack: true }).includes('2001:db8::1 us-west-2a'))
  })
})
