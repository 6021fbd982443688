/** Nodes and leases as the Kubernetes API writes them, rendered when asked for: 50,000 nodes of 25 KB are never held. */

export type ConditionStatus = 'True' | 'False' | 'Unknown'

/** Never changed once made: list snapshots and the watch history share these. */
export interface LabNode {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: number
  readonly createdMs: number
  /** Absent: the node has no Ready condition yet. */
  readonly ready: ConditionStatus | undefined
  readonly reason: string
  readonly sinceMs: number
  readonly unschedulable: boolean
  readonly deletionMs: number | undefined
  readonly taints: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

export interface LabLease {
  readonly name: string
  readonly renewedMs: number
}

/** The condition's reason and message as kubelet and node controller write them. */
const messages: Readonly<Record<string, string>> = {
  KubeletReady: 'kubelet is posting ready status',
  NodeStatusUnknown: 'Kubelet stopped posting node status.',
  KubeletNotReady: 'container runtime network not ready',
}

export function defaultReason(ready: ConditionStatus): string {
  return { True: 'KubeletReady', False: 'KubeletNotReady', Unknown: 'NodeStatusUnknown' }[ready]
}

function seconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** The value of `status.images`, about `bytes` long: what makes real nodes 20 to 30 KB. */
export function imageList(bytes: number): string {
  const images: string[] = []
  for (let length = 2, index = 0; length < bytes; index += 1) {
    const digest = index.toString(16).padStart(64, 'a')
    const image = JSON.stringify({
      names: [
        `registry.example.com/team/service-${index}@sha256:${digest}`,
        `registry.example.com/team/service:${index}`,
      ],
      sizeBytes: 100_000_000 + index,
    })
    images.push(image)
    length += image.length + 1
  }
  return `[${images.join(',')}]`
}

export function renderNode(node: LabNode, images: string): string {
  const text = JSON.stringify({
    kind: 'Node',
    apiVersion: 'v1',
    metadata: {
      name: node.name,
      uid: node.uid,
      resourceVersion: String(node.resourceVersion),
      creationTimestamp: seconds(node.createdMs),
      ...(node.deletionMs === undefined ? {} : { deletionTimestamp: seconds(node.deletionMs) }),
      labels: { 'kubernetes.io/hostname': node.name, ...node.labels },
    },
    spec: {
      providerID: `aws:///us-west-2a/${node.uid}`,
      ...(node.unschedulable ? { unschedulable: true } : {}),
      ...(node.taints.length === 0 ? {} : { taints: node.taints.map((key) => ({ key, effect: 'NoSchedule' })) }),
    },
    status: {
      capacity: { cpu: '8', memory: '32Gi', pods: '110' },
      conditions: [condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', node.createdMs), ...ready(node)],
    },
  })
  return `${text.slice(0, -2)},"images":${images}}}`
}

function ready(node: LabNode): object[] {
  return node.ready === undefined ? [] : [condition('Ready', node.ready, node.reason, node.sinceMs)]
}

function condition(type: string, status: ConditionStatus, reason: string, sinceMs: number): object {
  const at = seconds(sinceMs)
  return { type, status, lastHeartbeatTime: at, lastTransitionTime: at, reason, message: messages[reason] ?? reason }
}

/** Which fields a kubelet wrote: half of the length of a lease. */
const leaseFields = {
  'f:metadata': {
    'f:ownerReferences': { '.': {}, 'k:{"uid":"00000000-0000-4000-8000-000000000001"}': {} },
  },
  'f:spec': { 'f:holderIdentity': {}, 'f:leaseDurationSeconds': {}, 'f:renewTime': {} },
}

export function renderLease(lease: LabLease, resourceVersion: number): string {
  return JSON.stringify({
    kind: 'Lease',
    apiVersion: 'coordination.k8s.io/v1',
    metadata: {
      name: lease.name,
      namespace: 'kube-node-lease',
      uid: '00000000-0000-4000-8000-000000000000',
      resourceVersion: String(resourceVersion),
      creationTimestamp: '2026-01-01T00:00:00Z',
      ownerReferences: [
        { apiVersion: 'v1', kind: 'Node', name: lease.name, uid: '00000000-0000-4000-8000-000000000001' },
      ],
      managedFields: [
        {
          manager: 'kubelet',
          operation: 'Update',
          apiVersion: 'coordination.k8s.io/v1',
          time: seconds(lease.renewedMs),
          fieldsType: 'FieldsV1',
          fieldsV1: leaseFields,
        },
      ],
    },
    spec: {
      holderIdentity: lease.name,
      leaseDurationSeconds: 40,
      renewTime: `${new Date(lease.renewedMs).toISOString().slice(0, -1)}000Z`,
    },
  })
}

export function renderStatus(code: number, reason: string, message: string): string {
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code })
}
