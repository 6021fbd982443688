/** Every fault of DNS, AWS and Kubernetes, all at once in one exporter that watches a cluster for each of them. */
import { after, before, describe, it } from 'node:test'
import { parseSettings } from '../../alerts/config.ts'
import { renderRules } from '../../alerts/render.ts'
import { Exporter } from '../e2e/exporter.ts'
import { type Prometheus, startPrometheus } from '../lab/prometheus.ts'
import { Ground } from './ground.ts'
import { networkFaults } from './matrix.ts'
import { Observer } from './observer.ts'
import { Trial } from './trial.ts'

const everyOtherSecond = '*/2 * * * * *'
/** The shipped rules, quicker. */
const hurried = [
  'evaluation_interval=1s',
  'since_step=1s',
  'keep_firing_for=1s',
  'collector_failing_for=2s',
  'api_unreachable_for=2s',
  'failing_for=2s',
  'failing_window=8s',
]
const holdMs = Number(process.env.FAULTS_HOLD_SECONDS ?? 3) * 1_000
/** All these clusters list their nodes at once, on a machine that runs other tests beside this one. */
const readyMs = 60_000

describe('faults of DNS, AWS and Kubernetes', { concurrency: true }, () => {
  const closing: (() => Promise<unknown>)[] = []
  const started = new Map<string, Awaited<ReturnType<(typeof networkFaults)[number]['start']>>>()
  let observer: Observer
  let prometheus: Prometheus

  before(async () => {
    const ground = await Ground.open()
    closing.push(() => ground.close())
    for (const fault of networkFaults) {
      const part = await fault.start(ground)
      closing.push(() => part.site.close())
      started.set(fault.id, part)
    }
    const clusters = [...started].map(([name, { site }]) => ({ name, ...site.config() }))
    const exporter = await Exporter.start({
      config: {
        schedules: { dns: everyOtherSecond, load_balancers: everyOtherSecond, heartbeats: '*/5 * * * * *' },
        resolv_conf: ground.resolvConf,
        clusters,
      },
      env: ground.env,
    })
    closing.push(() => exporter.stop())
    // /-/ready speaks for all clusters: the first trial would else see a neighbour that has not begun.
    await exporter.ready(readyMs)
    observer = new Observer(exporter)
    closing.push(() => observer.stop())
    const rules = [renderRules(parseSettings(hurried), 'prometheus')]
    prometheus = await startPrometheus({ targets: [{ url: exporter.url }], scrapeMs: 1_000, rules })
    closing.push(() => prometheus.stop())
  })

  after(async () => {
    for (const close of closing.reverse()) await close()
  })

  for (const fault of networkFaults) {
    it(`${fault.id}: ${fault.title}`, async (t) => {
      const part = started.get(fault.id)
      if (part === undefined) throw new Error(`${fault.id} has no site`)
      const trial = new Trial(fault, part.site, { observer, prometheus, holdMs })
      const times = await trial.run(
        () => part.begin(),
        () => part.end(),
      )
      const [told, seen] = [times.toldMs, times.seenMs].map(seconds)
      t.diagnostic(
        `${fault.id}: told after ${told}, change seen after ${seen}, well after ${seconds(times.recoveredMs)}`,
      )
    })
  }
})

function seconds(ms: number | undefined): string {
  return ms === undefined ? '-' : `${(ms / 1_000).toFixed(1)} s`
}
