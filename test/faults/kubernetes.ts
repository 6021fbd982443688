/** Faults of the Kubernetes API. */
import type { LabFault } from '../lab/kubernetes/answers.ts'
import { type AnyFault, anyFault, type Expected, type Fault } from './fault.ts'
import { KubernetesSite } from './kubernetes-site.ts'

const failing = {
  collector: 'nodes',
  change: 'afterwards',
  alerts: ['ElbChurnCollectorFailing', 'KubernetesAPIUnreachable'],
  toldMs: 5_000,
  recoversMs: 10_000,
} as const satisfies Partial<Expected>
const unharmed: Expected = { collector: 'nodes', change: 'meanwhile', recoversMs: 4_000 }
const everyMs = 500

type KubernetesFault = Omit<Fault<KubernetesSite>, 'open'>

/** Requests fail, and what is open is cut, so that there are requests. */
function refusing(fault: LabFault): Pick<KubernetesFault, 'begin' | 'end'> {
  return {
    begin: ({ server }) => {
      server.fault(fault)
      server.resetConnections()
    },
    end: ({ server }) => server.clearFaults(),
  }
}

function again(work: (site: KubernetesSite) => void): Pick<KubernetesFault, 'begin' | 'end'> {
  return {
    begin: (site) => {
      site.timer = setInterval(() => work(site), everyMs)
    },
    end: (site) => clearInterval(site.timer),
  }
}

const checkApi =
  'Look at the API server, and at the load balancer before it: the alert KubernetesAPIUnreachable has a runbook.'
const nothing = 'Nothing: it does no harm.'

const table: readonly KubernetesFault[] = [
  {
    id: 'kubernetes-401',
    title: '401, then a rotated token',
    how: 'the API takes another token, which the token file holds later',
    begin: ({ server }) => {
      server.token = 'lab-second-token'
      server.resetConnections()
    },
    end: (site) => site.giveToken('lab-second-token'),
    expected: { ...failing, reason: 'expired', says: /HTTP 401.*renew them/ },
    act: 'Renew the token or the credentials plugin; the exporter reads them anew by itself.',
  },
  {
    id: 'kubernetes-403',
    title: '403',
    how: 'every request is forbidden',
    ...refusing({ on: 'any', status: 403, message: 'nodes is forbidden' }),
    expected: { ...failing, reason: 'denied', says: /grant the verb (list|watch) on nodes to this account/ },
    act: 'Grant the verbs of deploy/rbac.yaml.',
  },
  {
    id: 'kubernetes-410',
    title: '410 in the watch',
    how: 'the history is compacted again and again, and each watch is told so',
    ...again(({ server }) => server.expireWatches()),
    expected: { ...unharmed, sometimes: true, reason: 'server', seenMs: 12_000 },
    act: nothing,
  },
  {
    id: 'kubernetes-429',
    title: '429 with Retry-After',
    how: 'every request is answered with 429 and Retry-After: 2',
    ...refusing({ on: 'any', status: 429, retryAfterSeconds: 2 }),
    expected: { ...failing, reason: 'throttled' },
    act: 'The API server sheds load: look at its priority levels (apiserver_flowcontrol_rejected_requests_total).',
  },
  {
    id: 'kubernetes-503',
    title: 'HTTP 503',
    how: 'every request is answered with 503',
    ...refusing({ on: 'any', status: 503 }),
    expected: { ...failing, reason: 'server' },
    act: checkApi,
  },
  {
    id: 'kubernetes-reset',
    title: 'Connections are reset',
    how: 'open connections are reset, and every request is',
    ...refusing({ on: 'any', instead: 'reset' }),
    expected: { ...failing, reason: 'network' },
    act: checkApi,
  },
  {
    id: 'kubernetes-hole-list',
    title: 'A black hole in the list',
    how: 'the history is compacted, and the list that follows is never answered',
    begin: ({ server }) => {
      server.fault({ on: 'list', instead: 'black_hole' })
      server.expireWatches()
    },
    end: ({ server }) => server.clearFaults(),
    expected: { ...failing, reason: 'timeout', toldMs: 12_000, recoversMs: 15_000 },
    act: checkApi,
  },
  {
    id: 'kubernetes-hole-watch',
    title: 'A black hole in the watch',
    how: 'what is open falls silent without a reset; new connections work',
    begin: ({ server }) => {
      server.freeze()
      server.thaw()
    },
    expected: { ...unharmed, sometimes: true, reason: 'timeout', seenMs: 13_000, recoversMs: 4_000 },
    act: 'Nothing: the exporter has dialled anew. Kubelets that have not are what KubeletsStrandedByELBChange tells of.',
  },
  {
    id: 'kubernetes-hole',
    title: 'The whole API is a black hole',
    how: 'what is open falls silent, and new connections are never answered',
    begin: ({ server }) => server.freeze(),
    end: ({ server }) => server.thaw(),
    expected: { ...failing, reason: 'timeout', toldMs: 20_000, recoversMs: 15_000 },
    act: checkApi,
  },
  {
    id: 'kubernetes-bookmarks',
    title: 'Nothing but bookmarks',
    how: 'the watch sends two bookmarks a second and no event',
    ...again(({ server }) => server.bookmark()),
    expected: unharmed,
    act: nothing,
  },
  {
    id: 'kubernetes-garbage-once',
    title: 'Garbage in the watch',
    how: 'one line that is no JSON',
    begin: ({ server }) => server.sendRaw('{"type":"MODIFIED","object":{"kind":"Node"\n'),
    expected: { ...unharmed, sometimes: true, reason: 'malformed', recoversMs: 5_000 },
    act: nothing,
  },
  {
    id: 'kubernetes-garbage',
    title: 'Nothing but garbage in the watch',
    how: 'two lines a second that are no JSON',
    ...again(({ server }) => server.sendRaw('<html>\n')),
    expected: { ...failing, change: 'meanwhile', reason: 'malformed', staysKnown: true, recoversMs: 15_000 },
    act: 'Something between the exporter and the API rewrites answers: find that proxy.',
  },
  {
    id: 'kubernetes-restore',
    title: 'etcd is restored, and versions go back',
    how: 'the API comes back with the same nodes and with versions far below those that it had told',
    begin: async (site) => {
      for (let touched = 0; touched < 500; touched++) site.server.cluster.touch('node-0')
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      await site.restore()
    },
    expected: { ...unharmed, sometimes: true, reason: 'network', seenMs: 25_000, recoversMs: 4_000 },
    act: 'Nothing here. Other watchers may be blind until versions have caught up: restore with etcdutl --bump-revision --mark-compacted.',
  },
  {
    id: 'kubernetes-moved',
    title: 'The API is replaced behind a new address',
    how: 'the address falls silent without a reset, and DNS names another one',
    begin: (site) => site.moveTo('127.0.0.3'),
    expected: { ...unharmed, sometimes: true, reason: 'timeout', seenMs: 13_000, recoversMs: 4_000 },
    act: 'Nothing: the exporter has dialled the new address. Kubelets that have not are what the page is about.',
  },
]

export const kubernetesFaults: readonly AnyFault[] = table.map((fault) =>
  anyFault<KubernetesSite>({ ...fault, open: (ground, id) => KubernetesSite.open(ground, id) }),
)
