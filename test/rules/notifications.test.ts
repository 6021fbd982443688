/** What people get: alerts posted to a running Alertmanager with the shipped example, in by its API and out to receivers. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Alertmanager, type PostedAlert, startAlertmanager } from '../lab/alertmanager.ts'
import { type Notification, type Receivers, startReceivers } from '../lab/receivers.ts'
import { watchdog } from './contract-alerts.ts'

/** The page's group_wait of 2 s becomes 40 ms, chat's group_wait and the page's group_interval of 1 min 1.2 s. */
const hurry = 50
const incident = 'https://grafana.example.com/d/elb-churn-incident'

function alert(alertname: string, severity: string, cluster: string | undefined, labels = {}): PostedAlert {
  const where = cluster === undefined ? {} : { cluster }
  const url = `alertname=${alertname}&cluster=${cluster}`
  return {
    labels: { alertname, severity, ...where, ...labels },
    annotations: {
      // The project's own begin with the cluster; those of kubernetes-mixin do not.
      summary: `${cluster && !alertname.startsWith('KubeN') ? `${cluster}: ` : ''}summary of ${alertname}`,
      description: `description of ${alertname}, <b> & 2 > 1`,
      runbook_url: `https://runbooks.example.com/${alertname}`,
      dashboard_url: `${incident}?${url}`,
    },
  }
}

const page = (cluster: string | undefined) =>
  alert('KubeletsStrandedByELBChange', 'critical', cluster, { load_balancer: 'k8s-api' })

const symptoms = (cluster: string | undefined): PostedAlert[] => [
  alert('KubernetesNodesNotReadyRatioHigh', 'critical', cluster),
  alert('KubernetesNodesNotReadyRatioHigh', 'warning', cluster),
  alert('KubernetesNodesFlapped', 'warning', cluster),
  alert('KubeletHeartbeatsStale', 'warning', cluster),
  alert('ConnectionsStalledToRetiredAddress', 'critical', cluster, { hostname: 'api.example.com' }),
  alert('ConnectionsStalledToRetiredAddress', 'warning', cluster, { hostname: 'api.example.com' }),
  alert('ConnectionsToRetiredAddress', 'warning', cluster, { hostname: 'api.example.com' }),
  alert('ELBAddressChurnHigh', 'warning', cluster, { load_balancer: 'k8s-api' }),
  alert('KubeletsStrandedByELBChange', 'warning', cluster, { load_balancer: 'other' }),
  alert('KubeletsStrandedByDNSChange', 'critical', cluster, { hostname: 'api.example.com' }),
  alert('ELBAddressChanged', 'info', cluster, { load_balancer: 'k8s-api' }),
  alert('KubeNodeNotReady', 'warning', cluster, { node: 'node-1', namespace: 'monitoring' }),
  alert('KubeNodeUnreachable', 'warning', cluster, { node: 'node-1' }),
  alert('KubeNodeReadinessFlapping', 'warning', cluster, { node: 'node-1' }),
  alert('KubeletDown', 'critical', cluster),
]

interface PagerDutyEvent {
  readonly event_action: string
  readonly dedup_key: string
  readonly routing_key: string
  readonly client_url: string
  readonly links: readonly { text: string; href: string }[]
  readonly payload: {
    readonly summary: string
    readonly severity: string
    readonly group: string
    readonly component: string
    readonly custom_details: Readonly<Record<string, string>>
  }
}

for (const tool of ['alertmanager-release', 'alertmanager'] as const) {
  describe(`notifications of ${tool} with the example`, { concurrency: true }, () => {
    let receivers: Receivers
    let alertmanager: Alertmanager

    before(async () => {
      receivers = await startReceivers()
      alertmanager = await startAlertmanager({ tool, receivers: receivers.url, hurry })
    })

    after(async () => {
      await alertmanager?.stop()
      await receivers?.stop()
    })

    const event = (notification: Notification) => notification.body as unknown as PagerDutyEvent
    const pages = (cluster: string) =>
      receivers.notifications
        .filter(({ receiver }) => receiver === 'pagerduty')
        .map(event)
        .filter(({ payload }) => payload.group === cluster)
    const chatText = ({ body }: Notification) => JSON.stringify(body)
    const chats = (word: string) =>
      receivers.notifications.filter((one) => one.receiver === 'slack' && chatText(one).includes(word)).map(chatText)
    const chat = (word: string) =>
      receivers.waitFor(`chat about ${word}`, (one) => one.receiver === 'slack' && chatText(one).includes(word))
    const firstPage = (cluster: string) =>
      receivers.waitFor(
        `the page of ${cluster}`,
        (one) => one.receiver === 'pagerduty' && event(one).payload.group === cluster,
      )
    /** Chat's longest wait and the page's next interval, and some. */
    const settle = () => new Promise((resolve) => setTimeout(resolve, 2_000))

    it('tells the page once, mutes every symptom in its cluster, and tells the resolve', async () => {
      await alertmanager.post([page('once'), ...symptoms('once')])
      const { payload, routing_key } = event(await firstPage('once'))
      assert.equal(routing_key, 'routing-key-of-the-test')
      assert.equal(payload.summary, 'once: summary of KubeletsStrandedByELBChange')
      await settle()
      assert.equal(pages('once').length, 1, JSON.stringify(pages('once')))
      assert.deepEqual(chats('cluster=once'), [])

      const endsAt = new Date(Date.now() - 1_000).toISOString()
      await alertmanager.post([page('once'), ...symptoms('once')].map((one) => ({ ...one, endsAt })))
      await receivers.waitFor(
        'the resolve',
        (one) => event(one).event_action === 'resolve' && event(one).payload.group === 'once',
      )
      await settle()
      const [trigger, resolved, ...rest] = pages('once')
      assert.equal(resolved?.dedup_key, trigger?.dedup_key)
      assert.equal(resolved?.payload.summary, '[RESOLVED] once: summary of KubeletsStrandedByELBChange')
      assert.deepEqual(rest, [])
      assert.deepEqual(chats('cluster=once'), [])
    })

    it('mutes nothing in another cluster, and tells its symptoms in one message and one page', async () => {
      const warnings = ['KubeNodeNotReady', 'KubeNodeUnreachable', 'ELBAddressChurnHigh', 'ConnectionsToRetiredAddress']
      await alertmanager.post([
        page('first'),
        alert('KubernetesNodesNotReadyRatioHigh', 'critical', 'second'),
        ...warnings.map((name) => alert(name, 'warning', 'second')),
      ])
      await chat('cluster=second')
      await settle()
      const [text = '', ...more] = chats('cluster=second')
      assert.deepEqual(more, [])
      for (const name of warnings) assert.ok(text.includes(`summary of ${name}`), `${name} in ${text}`)
      assert.equal(pages('second').length, 1)
    })

    it('does not let an alert without a cluster mute the others without one', async () => {
      await alertmanager.post([
        alert('KubernetesNodesNotReadyRatioHigh', 'critical', undefined),
        page(undefined),
        alert('KubeNodeNotReady', 'warning', '', { node: 'stray' }),
      ])
      const both = await receivers.waitFor('the pages', (one) => chatText(one).includes('no cluster / k8s-api'))
      assert.equal(
        event(both).payload.summary,
        'no cluster / k8s-api: summary of KubeletsStrandedByELBChange (2 alerts)',
      )
      assert.deepEqual(
        event(both).links.map(({ href }) => href),
        [
          'https://runbooks.example.com/KubeletsStrandedByELBChange',
          `${incident}?alertname=KubeletsStrandedByELBChange&cluster=undefined`,
        ],
      )
      assert.match(
        chatText(await chat('no cluster / stray: summary of KubeNodeNotReady')),
        /summary of KubeNodeNotReady/,
      )
    })

    it('turns a page of stalled connections into the one that names the cause, in the same incident', async () => {
      const stalled = alert('ConnectionsStalledToRetiredAddress', 'critical', 'turning', {
        hostname: 'api.example.com',
      })
      await alertmanager.post([stalled])
      const first = event(await firstPage('turning'))
      assert.equal(first.payload.summary, 'turning: summary of ConnectionsStalledToRetiredAddress')
      await alertmanager.post([page('turning')])
      const linked = event(
        await receivers.waitFor('the linked page', (one) =>
          chatText(one).includes('turning: summary of KubeletsStranded'),
        ),
      )
      assert.equal(linked.dedup_key, first.dedup_key)
      assert.equal(linked.event_action, 'trigger')
      assert.doesNotMatch(linked.payload.custom_details.firing ?? '', /Stalled/)
    })

    it('says on the pager what happened where, and gives the links', async () => {
      await alertmanager.post([page('phone')])
      const { payload, links, client_url, event_action } = event(await firstPage('phone'))
      assert.equal(event_action, 'trigger')
      assert.equal(payload.severity, 'critical')
      assert.equal(payload.component, 'k8s-api')
      const runbook = 'https://runbooks.example.com/KubeletsStrandedByELBChange'
      const dashboard = `${incident}?alertname=KubeletsStrandedByELBChange&cluster=phone`
      assert.deepEqual(links, [
        { text: 'Runbook', href: runbook },
        { text: 'Dashboard', href: dashboard },
      ])
      assert.equal(client_url, dashboard)
      assert.deepEqual(
        (payload.custom_details.firing ?? '')
          .trim()
          .replace(/\d\d:\d\d:\d\d/, 'hh:mm:ss')
          .split('\n'),
        [
          'phone: summary of KubeletsStrandedByELBChange',
          'description of KubeletsStrandedByELBChange, <b> & 2 > 1',
          'since hh:mm:ss UTC',
          `Runbook: ${runbook}`,
          `Dashboard: ${dashboard}`,
        ],
      )
    })

    it('links what the title names where a page has several alerts', async () => {
      await alertmanager.post([
        alert('ConnectionsStalledToRetiredAddress', 'critical', 'pair', { hostname: 'api.example.com' }),
        alert('KubernetesNodesNotReadyRatioHigh', 'critical', 'pair'),
      ])
      const { payload, links, client_url } = event(await firstPage('pair'))
      const [, name = ''] = /^pair: summary of (\w+) \(2 alerts\)$/.exec(payload.summary) ?? []
      const dashboard = `${incident}?alertname=${name}&cluster=pair`
      const hrefs = links.map(({ href }) => href)
      assert.deepEqual([...hrefs, client_url], [`https://runbooks.example.com/${name}`, dashboard, dashboard])
    })

    it('says the same in chat in its markup, with text that is not markup escaped, and the resolve in one line', async () => {
      const failing = alert('DNSQueriesFailing', 'warning', 'chatty', { hostname: 'api.example.com' })
      await alertmanager.post([failing])
      const attachment = (one: Notification) => (one.body.attachments as Record<string, string>[])[0] ?? {}
      const lines = ({ text = '' }) =>
        text
          .replace(/\d\d:\d\d:\d\d/g, 'hh:mm:ss')
          .trim()
          .split('\n')
      const said = attachment(await chat('chatty'))
      assert.equal(said.title, 'chatty: summary of DNSQueriesFailing')
      assert.equal(said.color, 'warning')
      assert.deepEqual(lines(said), [
        '*DNSQueriesFailing*',
        'description of DNSQueriesFailing, &lt;b&gt; &amp; 2 &gt; 1',
        `since hh:mm:ss UTC | <https://runbooks.example.com/DNSQueriesFailing|Runbook> | <${incident}?alertname=DNSQueriesFailing&cluster=chatty|Dashboard>`,
      ])
      await alertmanager.post([{ ...failing, endsAt: new Date().toISOString() }])
      const resolved = attachment(await chat('[RESOLVED] chatty: summary of DNSQueriesFailing'))
      assert.equal(resolved.color, 'good')
      assert.deepEqual(lines(resolved), ['Resolved: chatty: summary of DNSQueriesFailing (hh:mm:ss to hh:mm:ss UTC)'])
    })

    it('gives a page of another kind an incident of its own', async () => {
      await alertmanager.post([page('two'), alert('KubernetesAPIUnreachable', 'critical', 'two')])
      await receivers.waitFor('one page', (one) => chatText(one).includes('two: summary of KubernetesAPIUnreachable'))
      await receivers.waitFor('the other page', (one) => chatText(one).includes('two: summary of KubeletsStranded'))
      assert.equal(new Set(pages('two').map(({ dedup_key }) => dedup_key)).size, 2)
    })

    it('mutes the collectors that cannot reach the API where that is paged already, and no other collector', async () => {
      const failing = (collector: string) =>
        alert('ElbChurnCollectorFailing', 'warning', `api-${collector}`, { collector })
      const unreachable = (collector: string) => alert('KubernetesAPIUnreachable', 'critical', `api-${collector}`)
      await alertmanager.post(['nodes', 'dns'].flatMap((collector) => [failing(collector), unreachable(collector)]))
      await chat('cluster=api-dns')
      await settle()
      assert.deepEqual(chats('cluster=api-nodes'), [])
    })

    it('mutes the warning of a ratio and of stalled connections where the critical level fires', async () => {
      const names = ['KubernetesNodesNotReadyRatioHigh', 'ConnectionsStalledToRetiredAddress']
      const levels = ['critical', 'warning'].flatMap((severity) => names.map((name) => alert(name, severity, 'levels')))
      await alertmanager.post([
        ...levels,
        alert('KubernetesNodesFlapped', 'warning', 'levels'),
        alert('KubeletHeartbeatsStale', 'warning', 'levels'),
        alert('ConnectionsToRetiredAddress', 'warning', 'levels'),
      ])
      assert.equal(event(await firstPage('levels')).payload.summary.endsWith('(2 alerts)'), true)
      await settle()
      assert.equal(pages('levels').length, 1)
      assert.deepEqual(chats('cluster=levels'), [])
    })

    it('calls the dead man at every interval with its token, and tells information to nobody', async () => {
      await alertmanager.post([alert(watchdog, 'none', undefined), alert('DNSAnswerChanged', 'info', 'informed')])
      const beats = () => receivers.notifications.filter(({ receiver }) => receiver === 'webhook')
      await receivers.waitFor('the fifth beat', () => beats().length >= 5)
      const [first, , , , fifth] = beats().map(({ atMs }) => atMs)
      assert.equal(beats()[0]?.authorization, 'Bearer token-of-the-test')
      // Not each gap: one beat comes late on a busy machine. Were every other interval left out, all would be 2,400 ms.
      const gap = (Number(fifth) - Number(first)) / 4
      assert.ok(gap < 1_800, `${gap} ms between two beats; an interval of 1200 ms was left out`)
      assert.deepEqual(
        receivers.notifications.filter((one) => chatText(one).includes('informed')),
        [],
      )
    })
  })
}
