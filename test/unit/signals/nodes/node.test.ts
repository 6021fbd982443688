import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { pruneNode } from '../../../../exporter/signals/nodes/node.ts'

const zone = 'topology.kubernetes.io/zone'

function nodeObject(changes: { metadata?: object; spec?: object; status?: object } = {}): object {
  return {
    metadata: { name: 'node-a', uid: 'u1', creationTimestamp: '2026-01-01T00:00:00Z', ...changes.metadata },
    spec: { ...changes.spec },
    status: {
      conditions: [
        { type: 'DiskPressure', status: 'False', reason: 'KubeletHasNoDiskPressure' },
        {
          type: 'Ready',
          status: 'Unknown',
          reason: 'NodeStatusUnknown',
          lastHeartbeatTime: '2026-01-02T00:00:00Z',
          lastTransitionTime: '2026-01-02T00:00:40Z',
        },
      ],
      images: [{ names: ['a'.repeat(1000)] }],
      ...changes.status,
    },
  }
}

function ready(condition: object) {
  const { ready, reason } =
    pruneNode(nodeObject({ status: { conditions: [{ type: 'Ready', ...condition }] } }), []) ?? {}
  return { ready, reason }
}

describe('what is kept of a node', () => {
  it('is its identity, its Ready condition, and the labels asked for', () => {
    assert.deepEqual(
      pruneNode(nodeObject({ metadata: { labels: { [zone]: 'us-west-2a', other: 'x' } } }), [zone, 'pool']),
      {
        name: 'node-a',
        uid: 'u1',
        createdMs: Date.UTC(2026, 0, 1),
        ready: 'unknown',
        reason: 'NodeStatusUnknown',
        sinceMs: Date.UTC(2026, 0, 2, 0, 0, 40),
        cordoned: false,
        deleting: false,
        groups: ['us-west-2a', ''],
      },
    )
  })

  it('takes no time that no clock of a cluster shows', () => {
    for (const absurd of ['+275760-09-13T00:00:00Z', '+010000-01-01T00:00:00Z', '-000001-01-01T00:00:00Z', 'soon', 5]) {
      const conditions = [{ type: 'Ready', status: 'False', lastTransitionTime: absurd }]
      const node = pruneNode(nodeObject({ metadata: { creationTimestamp: absurd }, status: { conditions } }), [])
      assert.deepEqual([node?.createdMs, node?.sinceMs], [0, 0], String(absurd))
    }
  })

  it('tells a node without a Ready condition as unknown since its creation', () => {
    const node = pruneNode(nodeObject({ status: { conditions: [] } }), [])
    assert.equal(node?.ready, 'unknown')
    assert.equal(node?.reason, 'NoReadyCondition')
    assert.equal(node?.sinceMs, Date.UTC(2026, 0, 1))
  })

  it('takes a reason only where it is one word', () => {
    assert.deepEqual(ready({ status: 'False', reason: 'KubeletNotReady' }), {
      ready: 'false',
      reason: 'KubeletNotReady',
    })
    assert.deepEqual(ready({ status: 'False' }), { ready: 'false', reason: 'NoReason' })
    assert.deepEqual(ready({ status: 'False', reason: 'no word\n' }), { ready: 'false', reason: 'other' })
    assert.deepEqual(ready({ status: 'Perhaps', reason: 'X'.repeat(65) }), { ready: 'unknown', reason: 'other' })
  })

  it('sees that a node is cordoned or about to go', () => {
    const taints = (key: string) => pruneNode(nodeObject({ spec: { taints: [{ key: 'a' }, { key }] } }), [])?.deleting
    for (const key of [
      'ToBeDeletedByClusterAutoscaler',
      'karpenter.sh/disrupted',
      'karpenter.sh/disruption',
      'aws-node-termination-handler/spot-itn',
      'aws-node-termination-handler/scheduled-maintenance',
      'aws-node-termination-handler/asg-lifecycle-termination',
      'aws-node-termination-handler/rebalance-recommendation',
      'cloud.google.com/impending-node-termination',
    ]) {
      assert.equal(taints(key), true, key)
    }
    assert.equal(taints('DeletionCandidateOfClusterAutoscaler'), false, 'a candidate may stay')
    assert.equal(taints('node.kubernetes.io/unreachable'), false)
    assert.equal(pruneNode(nodeObject({ spec: { unschedulable: true } }), [])?.cordoned, true)
    assert.equal(pruneNode(nodeObject({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }), [])?.deleting, true)
  })

  it('never throws, whatever the API sends', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (status, spec) => {
        pruneNode(status, ['a'])
        const node = pruneNode({ metadata: { name: 'n', labels: status }, spec, status }, ['a'])
        assert.equal(node?.name, 'n')
      }),
    )
  })
})
