/** What a Kubernetes API sends: a list and a watch, in pieces of any size. */
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { type NodeRecord, pruneNode } from '../../../exporter/signals/nodes/node.ts'
import { defaultBounds } from '../../../exporter/sources/kubernetes/bounds.ts'
import type { KubernetesClient } from '../../../exporter/sources/kubernetes/client.ts'
import { type ListEnd, listOnce, type Resource } from '../../../exporter/sources/kubernetes/list.ts'
import { type WatchEnd, watchOnce } from '../../../exporter/sources/kubernetes/watch.ts'
import { type FuzzTarget, pieces } from '../target.ts'

const bounds = { ...defaultBounds, pages: 1, pageBytes: 64 * 1024, lineBytes: 16 * 1024 }
const nodes: Resource<NodeRecord> = {
  path: '/api/v1/nodes',
  plural: 'nodes',
  prune: (object) => pruneNode(object, ['topology.kubernetes.io/zone']),
}

export const kubernetesWatch: FuzzTarget = {
  name: 'kubernetes-watch',
  seeds: () => [
    lines(event('ADDED', node('a', 'True'), '5'), event('MODIFIED', node('a', 'Unknown'), '6')),
    lines(event('DELETED', node('a', 'False'), '7'), {
      type: 'BOOKMARK',
      object: { metadata: { resourceVersion: '9' } },
    }),
    lines({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old resource version' } }),
    lines(event('ADDED', { metadata: {} }, '5')),
  ],
  async run(data) {
    const { whole, chunks } = pieces(data)
    const once = await watch([whole])
    const cut = await watch(chunks)
    assert.deepEqual(cut, once, 'where a stream is cut makes no difference')
  },
}

export const kubernetesList: FuzzTarget = {
  name: 'kubernetes-list',
  seeds: () => [
    lines({ kind: 'NodeList', metadata: { resourceVersion: '5' }, items: [node('a', 'True'), node('b', 'False')] }),
    lines({ kind: 'NodeList', metadata: { resourceVersion: '5', continue: 'next' }, items: [] }),
    lines({ kind: 'NodeList', metadata: {}, items: null }),
    lines({ items: [{ metadata: { name: 'a"}]{[' } }], metadata: { items: [1, [2]] } }),
  ],
  async run(data) {
    const { whole, chunks } = pieces(data)
    const once = await list([whole])
    assert.deepEqual(await list(chunks), once, 'where a body is cut makes no difference')
    const expected = once.end.kind === 'listed' ? plainItems(whole) : undefined
    if (expected !== undefined) assert.deepEqual(once.items, expected)
  },
}

/**
 * What JSON.parse sees in the same bytes. Undefined where keys are written so that the cutter need not find them, and
 * where commas between items are missing, which it lets go.
 */
function plainItems(whole: Buffer): readonly (NodeRecord | undefined)[] | undefined {
  const text = whole.toString()
  if (text.includes('\\') || text.split('"items"').length !== 2) return undefined
  try {
    const { items } = JSON.parse(text) as { items?: unknown }
    return Array.isArray(items) ? items.map((item) => nodes.prune(item)) : undefined
  } catch {
    return undefined
  }
}

async function watch(chunks: readonly Buffer[]) {
  const seen: unknown[] = []
  const sink = {
    event: (type: string, item: NodeRecord) => {
      assert.ok(item.name !== '' && Number.isFinite(item.sinceMs))
      seen.push([type, item])
    },
    position: (version: string | undefined) => seen.push(version),
    alive: () => undefined,
  }
  const end: WatchEnd = await watchOnce(clientOf(chunks), nodes, '1', sink, bounds, new AbortController().signal)
  return { seen, end }
}

async function list(chunks: readonly Buffer[]) {
  const items: NodeRecord[] = []
  const onPage = (page: readonly NodeRecord[]) => void items.push(...page)
  const end: ListEnd = await listOnce(clientOf(chunks), nodes, onPage, bounds, new AbortController().signal)
  return { items, end: { ...end, serverTime: undefined } }
}

/** A client whose every answer has this body. */
function clientOf(chunks: readonly Buffer[]): KubernetesClient {
  const snapshot = Object.assign(Readable.from(chunks, { objectMode: false }), { headers: {} })
  const client: Pick<KubernetesClient, 'server' | 'ask'> = {
    server: 'https://api.example.com',
    ask: () => Promise.resolve({ ok: true, atMs: 1, snapshot: snapshot as unknown as IncomingMessage }),
  }
  return client as KubernetesClient
}

function lines(...objects: readonly object[]): Buffer {
  return Buffer.concat([Buffer.from([6]), ...objects.map((object) => Buffer.from(`${JSON.stringify(object)}\n`))])
}

function event(type: string, object: { metadata: object }, resourceVersion: string) {
  return { type, object: { ...object, metadata: { ...object.metadata, resourceVersion } } }
}

function node(name: string, status: string) {
  const condition = { type: 'Ready', status, reason: 'KubeletReady', lastTransitionTime: '2026-01-01T00:00:00Z' }
  return {
    metadata: { name, uid: 'u', creationTimestamp: '2025-01-01T00:00:00Z', labels: { zone: 'a' } },
    spec: { unschedulable: true, taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] },
    status: { conditions: [condition] },
  }
}
