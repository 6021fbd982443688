/**
 * The whole chain as processes, with the rules and the Alertmanager example that ship. Seven clusters live side by side:
 * two have the outage, in the others happens what happens on ordinary days. One pager hears of all of them.
 *
 * Stories are played 15 times faster. So that they stay what they are, all else is 15 times faster too: every duration
 * of the rules, the stock ones' too, every wait of Alertmanager, and Prometheus, whose 1 s stands for the usual 15 s.
 * Only the restart of an exporter takes its own time.
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type AlertChain, type Page, pagesOf, startAlertChain } from '../lab/alert-chain.ts'
import { type KubeStateMetrics, startKubeStateMetrics } from '../lab/kube-state-metrics.ts'
import { Cluster, ordinaryDays, outages, scale } from './clusters.ts'

const second = 1_000
/** The stock alerts' `for: 15m`, 15 times shorter. */
const stockFor = '60s'
/** A page outlives the restart of an exporter, which takes its own time: not the 1 min / 15 of the story. */
const keepFiring = 'keep_firing_for=10s'
/** Of the story of `scale-down`: before its address leaves. */
const exporterDownFromMs = 120_000
const stranded = '10.0.1.12'

async function stockRules(): Promise<string> {
  const text = await readFile(fileURLToPath(new URL('../rules/stock/kubernetes-mixin.yaml', import.meta.url)), 'utf8')
  return text.replaceAll('for: 15m', `for: ${stockFor}`)
}

describe('the whole chain, from an address that dies to the pager', () => {
  const clusters = new Map<string, Cluster>()
  let kubeStateMetrics: KubeStateMetrics
  let chain: AlertChain
  /** What Alertmanager holds back in the outage, seen while it lasts. */
  let inhibited: readonly string[] = []

  const cluster = (name: string): Cluster => {
    const found = clusters.get(name)
    if (found === undefined) throw new Error(`no cluster ${name}`)
    return found
  }
  const pages = (name: string): Page[] => pagesOf(chain.receivers.notifications).filter((page) => page.cluster === name)
  const chats = (name: string): string[] =>
    chain.receivers.notifications
      .filter(({ receiver, body }) => receiver === 'slack' && JSON.stringify(body).includes(`${name}:`))
      .map(({ body }) => JSON.stringify(body))
  const told = async (name: string, action: Page['action'], limitMs: number) => {
    await chain.receivers.waitFor(
      `${action} of ${name}`,
      (one) => pagesOf([one]).some((page) => page.cluster === name && page.action === action),
      limitMs,
    )
  }

  before(async () => {
    for (const name of [...outages, ...ordinaryDays]) {
      clusters.set(name, await Cluster.start(name))
    }
    await Promise.all([...clusters.values()].map((each) => each.ready()))
    kubeStateMetrics = await startKubeStateMetrics(() => cluster('outage').lab.world)
    const stock = {
      url: kubeStateMetrics.url,
      labels: { job: 'kube-state-metrics', cluster: 'outage' },
      // Often, since nodes are NotReady for 884.6 s and the stock alert waits 900 s: 1 s of play is between the two.
      everyMs: 100,
    }
    chain = await startAlertChain({
      targets: [...[...clusters.values()].map(({ url }) => ({ url })), stock],
      scrapeMs: second,
      evaluationMs: second,
      hurry: scale,
      set: [keepFiring],
      rules: [await stockRules()],
    })
    await scraped(chain, clusters.size + 1)
    await playAll()
  })

  after(async () => {
    await chain?.stop()
    await kubeStateMetrics?.stop()
    await Promise.all([...clusters.values()].map((each) => each.stop()))
  })

  async function playAll(): Promise<void> {
    const stories = [...clusters.values()].map(({ lab }) => lab.play())
    const restarts = [restartInOutage(), restartOnAnOrdinaryDay()]
    await told('outage', 'trigger', 60 * second)
    // The last symptom to fire: after 2 min of the story.
    await firing(chain, 'KubernetesNodesNotReadyRatioHigh', 'warning', 'outage')
    inhibited = await inhibitedIn(chain, 'outage')
    await Promise.all([...stories, ...restarts])
    for (const name of outages) await told(name, 'resolve', 80 * second)
    // What else would come, comes with chat's next interval: group_wait, and an evaluation.
    await sleep((60 * second) / scale + 2 * second)
  }

  async function restartInOutage(): Promise<void> {
    await told('outage-restart', 'trigger', 60 * second)
    await cluster('outage-restart').restart()
  }

  async function restartOnAnOrdinaryDay(): Promise<void> {
    await sleep(exporterDownFromMs / scale)
    await cluster('scale-down').restart()
  }

  it('pages once for an outage, naming cluster, load balancer, address and nodes, and tells its resolve once', () => {
    for (const name of outages) {
      const [page, resolve, ...rest] = pages(name)
      assert.deepEqual([page?.action, resolve?.action, rest], ['trigger', 'resolve', []])
      assert.equal(resolve?.incident, page?.incident)
      const headline = new RegExp(
        `^${name}: k8s-api lost ${stranded.replaceAll('.', '\\.')}, [2-6] of 12 nodes stranded$`,
      )
      assert.match(page?.title ?? '', headline)
      assert.match(page?.text ?? '', /^Left load balancer k8s-api \(UTC\): 10\.0\.1\.12 at \d\d:\d\d:\d\d\.$/m)
      assert.match(page?.text ?? '', /^Stranded: [2-6] of 12 nodes, .+\.$/m)
      assert.match(page?.text ?? '', /^Runbook: https:.*\/KubeletsStrandedByELBChange\.md$/m)
      assert.match(page?.text ?? '', new RegExp(`^Dashboard: https:.*var-cluster=${name}&from=\\d+&to=now$`, 'm'))
    }
  })

  it('pages for nothing else: not for scaling, replacing, failing over, failing resolvers, or a restarted exporter', () => {
    const paged = new Set(pagesOf(chain.receivers.notifications).map((page) => page.cluster))
    assert.deepEqual([...paged].sort(), [...outages])
  })

  it('holds back the symptoms of the outage, which do fire', async () => {
    assert.deepEqual(inhibited, [
      'KubeletHeartbeatsStale warning',
      'KubernetesNodesFlapped warning',
      'KubernetesNodesNotReadyRatioHigh critical',
      'KubernetesNodesNotReadyRatioHigh warning',
    ])
    assert.deepEqual(chats('outage'), [])
  })

  it('pages while the stock alerts see the nodes and wait, for longer than the outage lasts', async () => {
    const stock = 'alertname=~"KubeNode.*", cluster="outage"'
    const seen = await chain.prometheus.query(
      `count by (alertname) (last_over_time(ALERTS{${stock}, alertstate="pending"}[5m]))`,
    )
    assert.deepEqual(seen.map(({ labels, value }) => `${value} ${labels.alertname}`).sort(), [
      '6 KubeNodeNotReady',
      '6 KubeNodeUnreachable',
    ])
    assert.deepEqual(await chain.prometheus.query(`last_over_time(ALERTS{${stock}, alertstate="firing"}[5m])`), [])
  })

  it('sees what happened on the ordinary days, so that their silence says something', async () => {
    const most = (metric: string, labels: string) =>
      chain.prometheus.query(`max by (cluster, ${labels}) (max_over_time(${metric}[5m])) > 0`)
    const changed = await most('elbchurn_elb_address_changes_total', 'change')
    assert.deepEqual(changed.map(({ labels, value }) => `${labels.cluster} ${labels.change} ${value}`).sort(), [
      'flaky added 1',
      'outage removed 1',
      'outage-restart removed 1',
      'scale-down added 1',
      'scale-down removed 1',
      'scale-up added 2',
    ])
    const failures = await chain.prometheus.query(
      'count by (cluster, collector) (min_over_time(elbchurn_collector_up[5m]) == 0)',
    )
    assert.deepEqual(failures.map(({ labels }) => `${labels.cluster} ${labels.collector}`).sort(), [
      'flaky dns',
      'flaky load_balancers',
    ])
    const answers = await most('elbchurn_dns_answer_changes_total', 'type')
    assert.ok(answers.some(({ labels }) => labels.cluster === 'dns-failover'))
    const excluded = await most('elbchurn_nodes_excluded', 'reason')
    assert.deepEqual(
      excluded
        .filter(({ labels }) => labels.cluster === 'rolling-replacement')
        .map(({ labels }) => labels.reason)
        .sort(),
      ['cordoned', 'deleting', 'young'],
    )
  })
})

/** Resolves when the alert has fired; Prometheus is asked, since Alertmanager tells of muted alerts to nobody. */
async function firing({ prometheus }: AlertChain, alertname: string, severity: string, name: string): Promise<void> {
  const labels = `alertname="${alertname}", severity="${severity}", cluster="${name}", alertstate="firing"`
  await until(`${alertname} ${severity} fires`, async () => (await prometheus.query(`ALERTS{${labels}}`)).length > 0)
}

async function scraped({ prometheus }: AlertChain, targets: number): Promise<void> {
  await until(`${targets} targets are up`, async () => (await prometheus.query('up == 1')).length === targets)
}

interface HeldAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly status: { readonly state: string; readonly inhibitedBy: readonly string[] }
}

/** Alerts for people that another one mutes now: `alertname severity`. */
async function inhibitedIn({ alertmanager }: AlertChain, name: string): Promise<string[]> {
  const response = await fetch(`${alertmanager.url}/api/v2/alerts`, { signal: AbortSignal.timeout(5_000) })
  const alerts: HeldAlert[] = JSON.parse(await response.text())
  return alerts
    .filter(
      ({ labels, status }) => labels.cluster === name && labels.severity !== 'info' && status.inhibitedBy.length > 0,
    )
    .map(({ labels }) => `${labels.alertname} ${labels.severity}`)
    .sort()
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60 * second
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within 60 s: ${what}`)
    await sleep(200)
  }
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
