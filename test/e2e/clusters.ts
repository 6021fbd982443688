/** Clusters side by side, each with a lab, an exporter that watches it, and a story of its own. */
import { Lab, shippedScenario } from '../lab/lab.ts'
import { loadScenario, parseScenario, type Scenario } from '../lab/story/scenario.ts'
import { Exporter } from './exporter.ts'

/** Seconds of the story in one second of play. */
export const scale = 15

export const outages = ['outage', 'outage-restart'] as const

/** What harms nobody: steps of own stories, or the name of one that ships. */
const ordinary = {
  'scale-up': '',
  'rolling-replacement': '',
  'dns-failover': '',
  // Both the caching resolver and AWS fail for long, and a while after that an address comes.
  flaky: `
    - {at: 30s, do: resolver_fails, for: 2m}
    - {at: 1m, do: aws_throttles, for: 2m}
    - {at: 4m, do: resolver_fails, for: 30s}
    - {at: 5m, do: address_joins, address: 10.0.1.77, zone: us-west-2a}`,
  // An address that no kubelet holds leaves and dies while the exporter is down.
  'scale-down': `
    - {at: 1s, do: address_joins, address: 10.0.1.77, zone: us-west-2a}
    - {at: 130s, do: address_leaves, address: 10.0.1.77}
    - {at: 140s, do: address_dies, address: 10.0.1.77}`,
} as const

export const ordinaryDays = Object.keys(ordinary)

export class Cluster {
  readonly lab: Lab
  #exporter: Exporter

  private constructor(lab: Lab, exporter: Exporter) {
    this.lab = lab
    this.#exporter = exporter
  }

  /** `name`: of the story and of the cluster in which it takes place. */
  static async start(name: string): Promise<Cluster> {
    const scenario = await scenarioOf(name)
    const named = { ...scenario, defaults: { ...scenario.defaults, cluster: name } }
    const lab = await Lab.start({ scenario: named, scale })
    try {
      return new Cluster(lab, await startExporter(lab))
    } catch (error) {
      await lab.close()
      throw error
    }
  }

  get url(): string {
    return this.#exporter.url
  }

  async ready(): Promise<void> {
    await this.#exporter.ready()
  }

  /** Killed, and started again on the same port with the state that it left. */
  async restart(): Promise<void> {
    const { port } = new URL(this.url)
    await this.#exporter.stop('SIGKILL')
    this.#exporter = await startExporter(this.lab, Number(port))
  }

  async stop(): Promise<void> {
    await this.#exporter.stop()
    await this.lab.close()
  }
}

async function startExporter(lab: Lab, port = 0): Promise<Exporter> {
  const flags = [`--web.listen-address=127.0.0.1:${port}`, `--storage.path=${lab.folder}/state`]
  return await Exporter.start({ config: lab.config(), env: lab.env, folder: lab.folder, flags })
}

async function scenarioOf(name: string): Promise<Scenario> {
  const steps = Object.entries(ordinary).find(([own]) => own === name)?.[1] ?? ''
  if (steps === '') return await loadScenario(shippedScenario(name.replace('outage-restart', 'outage')))
  return parseScenario(`name: ${name}\ndescription: An ordinary day.\nlength: 6m\nsteps:${steps}`, name)
}
