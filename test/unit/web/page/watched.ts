/** A service that says what a test wants the page to show. */
import { ChangeHistory } from '../../../../exporter/service/changes.ts'
import { createLogger } from '../../../../exporter/service/log.ts'
import type { RatioStretch } from '../../../../exporter/service/ratio-history.ts'
import type { ClusterStatus } from '../../../../exporter/service/service.ts'
import type { Change } from '../../../../exporter/signals/signal.ts'
import { createAssets } from '../../../../exporter/web/page/assets.ts'
import { statusPage } from '../../../../exporter/web/status-page.ts'

export const nowMs = Date.UTC(2026, 0, 1, 12)
export const at = (secondsAgo: number): string => new Date(nowMs - secondsAgo * 1_000).toISOString()

export interface Shown {
  readonly clusters?: readonly ClusterStatus[]
  /** Oldest first. */
  readonly changes?: readonly (Partial<Change> & { readonly cluster?: string; readonly secondsAgo?: number })[]
  readonly ratios?: readonly RatioStretch[]
  readonly waiting?: readonly string[]
}

const assets = createAssets()
const log = createLogger('error', 'json', { write: () => undefined })

export function show({ clusters = [], changes = [], ratios = [], waiting = [] }: Shown): string {
  const history = new ChangeHistory()
  for (const { cluster = 'prod', secondsAgo = 60, ...change } of changes) {
    const whole = {
      kind: 'elb_addresses',
      subject: 'k8s-api',
      message: 'lost',
      added: [],
      removed: [],
      before: [],
      after: [],
    } as const
    history.sink(cluster, 'load_balancers', log).record({ ...whole, ...change }, nowMs - secondsAgo * 1_000)
  }
  const service = {
    history,
    status: () => clusters,
    ratios: () => ratios,
    ready: () => ({ ready: waiting.length === 0, waiting }),
    now: () => nowMs,
  }
  return statusPage({ version: '1.2.3', startedAtMs: nowMs - 3_600_000, service }, assets)
}

export function collector(watched: unknown, given: object = {}): object {
  return { up: true, last_success: at(1), tasks: [], watched, ...given }
}

export function answer(resolver: string, records: readonly string[], given: object = {}): object {
  const good = {
    chain: [],
    ttl_seconds: 60,
    rcode: 'NOERROR',
    server: resolver,
    last_change: null,
    last_success: at(1),
    failure: null,
  }
  return { hostname: 'api.example.com', type: 'A', resolver, records, ...good, ...given }
}

export function nodes(total: number, notReady: readonly string[], given: object = {}): object {
  return {
    server: 'https://api.example.com',
    listed_at: at(10),
    nodes: total,
    excluded: { deleting: 0, cordoned: 0, young: 0 },
    not_ready: notReady.map((node) => ({ node, ready: 'unknown', reason: 'NodeStatusUnknown', since: at(30) })),
    not_ready_omitted: 0,
    ...given,
  }
}

export function loadBalancer(name: string, given: object = {}): object {
  const empty = { active: [], pending: [], retired: [], dead: [], last_added: null, last_removed: null }
  return {
    load_balancer: name,
    dns_name: `${name}.elb.test`,
    type: 'classic',
    scheme: 'internal',
    region: 'us-west-2',
    resolvers: [],
    ...empty,
    asked: at(2),
    failures: [],
    ...given,
  }
}

/** What a reader sees: tags gone, spaces single. */
export function words(page: string): string {
  return page
    .replaceAll(/<svg[\s\S]*?<\/svg>/g, ' ')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ (?=[.,])/g, '')
}
