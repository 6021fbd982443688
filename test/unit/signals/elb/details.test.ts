import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type FailureReason, failed, good } from '../../../../exporter/core/poll.ts'
import { askInstances } from '../../../../exporter/signals/elb/details.ts'
import type { LoadBalancer } from '../../../../exporter/sources/aws/types.ts'

/** 60 load balancers, and the names of those whose instances came. */
function setUp() {
  const served = new Set<string>()
  const classic = Array.from({ length: 60 }, (_, index) => {
    const label = `lb-${index}`
    const lb: LoadBalancer = {
      id: label,
      name: label,
      type: 'classic',
      scheme: 'internal',
      dnsName: `${label}.elb.test`,
      dualstack: false,
      interfaceDescription: `ELB ${label}`,
      zoneAddresses: [],
    }
    return { label, lb, healthMs: 0, setInstances: () => void served.add(label) }
  })
  return { classic, served }
}

/** The first four always fail, by `reason`. */
function runWith(reason: FailureReason, asked: string[] = []) {
  return {
    instanceStates: async (name: string) => {
      asked.push(name)
      await Promise.resolve()
      const broken = ['lb-0', 'lb-1', 'lb-2', 'lb-3'].includes(name)
      return broken ? failed(1, reason, 'InternalFailure (HTTP 500)') : good(1, ['InService'])
    },
  }
}

describe('the instances of classic load balancers', () => {
  for (const reason of ['server', 'malformed', 'internal', 'not_found'] as const) {
    it(`come of the others in their turn where some always fail with ${reason}`, async () => {
      const { classic, served } = setUp()
      for (let run = 1; run <= 3; run++) await askInstances(runWith(reason), classic, run)
      assert.equal(served.size, 56)
    })
  }

  for (const reason of ['throttled', 'denied', 'expired', 'limit', 'network', 'tls', 'timeout'] as const) {
    it(`are not asked for on and on where AWS answers ${reason}, but the others are not kept from their turn`, async () => {
      const { classic, served } = setUp()
      const asked: string[] = []
      const [failure] = await askInstances(runWith(reason, asked), classic, 1)
      assert.equal(asked.length, 4, 'those that were under way')
      assert.deepEqual(failure, { reason, message: 'InternalFailure (HTTP 500)' })
      for (let run = 2; run <= 4; run++) await askInstances(runWith(reason), classic, run)
      assert.equal(served.size, 56)
    })
  }

  it('tell which load balancer fails, once a run', async () => {
    const { classic } = setUp()
    const failures = await askInstances(runWith('server'), classic, 1)
    assert.deepEqual(failures, [{ reason: 'server', message: 'lb-0: InternalFailure (HTTP 500)' }])
  })
})
