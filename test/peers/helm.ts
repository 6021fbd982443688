/** The chart through Helm itself, and what it renders as objects. */
import { execFile, spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { goProgram } from '../tools/go.ts'
import type { PodTemplate } from './helm-pod-security.ts'

const execute = promisify(execFile)

export const checkout = resolve(import.meta.dirname, '../..')
export const chart = join(checkout, 'deploy/helm/elb-churn-exporter')
const schemas = join(checkout, 'test/testdata/schemas')

const limits = { timeout: 60_000, maxBuffer: 64 * 1024 * 1024 }

export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  // Each kind has its own fields, which the tests look into.
  readonly [field: string]: unknown
}

export interface Rendered {
  readonly text: string
  readonly objects: readonly KubernetesObject[]
}

export interface RenderOptions {
  readonly release?: string
  readonly namespace?: string
  readonly flags?: readonly string[]
}

export class Helm {
  readonly #command: string
  readonly #kubeconform: string
  readonly #folder: string
  #files = 0

  private constructor(command: string, kubeconform: string, folder: string) {
    this.#command = command
    this.#kubeconform = kubeconform
    this.#folder = folder
  }

  static async open(): Promise<Helm> {
    const command = await goProgram('helm')
    const kubeconform = await goProgram('kubeconform')
    return new Helm(command, kubeconform, await mkdtemp(join(tmpdir(), 'helm-')))
  }

  /** `helm template`. Throws with what Helm says where it refuses. */
  async render(values: object, options: RenderOptions = {}): Promise<Rendered> {
    const { release = 'elb-churn-exporter', namespace = 'monitoring', flags = [] } = options
    const args = ['template', release, chart, '--namespace', namespace, '--values', await this.#write(values), ...flags]
    const stdout = await this.#run(args)
    const documents = parseAllDocuments(stdout)
    const broken = documents.flatMap(({ errors }) => errors.map(({ message }) => message))
    if (broken.length > 0) throw new Error(`Helm rendered what is no YAML: ${broken.join('; ')}`)
    const objects = documents.map((each) => each.toJS() as KubernetesObject | null)
    return { text: stdout, objects: objects.filter((each) => each !== null) }
  }

  /** What Helm says when it refuses these values; fails where it takes them. */
  async refusal(values: object): Promise<string> {
    try {
      await this.render(values)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
    throw new Error(`Helm took ${JSON.stringify(values)}`)
  }

  async lint(values: object): Promise<string> {
    return await this.#run(['lint', chart, '--strict', '--values', await this.#write(values)])
  }

  /** The notes that an installation ends with: as a template of a copy of the chart, since only a cluster shows them. */
  async notes(values: object): Promise<string> {
    const copy = await mkdtemp(join(this.#folder, 'notes-'))
    await cp(chart, copy, { recursive: true })
    const notes = await readFile(join(copy, 'templates/NOTES.txt'), 'utf8')
    await rm(join(copy, 'templates/NOTES.txt'))
    await writeFile(join(copy, 'templates/_notes.tpl'), `{{ define "notes" }}${notes}{{ end }}`)
    await writeFile(join(copy, 'templates/notes.yaml'), 'notes: {{ include "notes" . | toJson }}\n')
    const show = ['--show-only', 'templates/notes.yaml', '--values', await this.#write(values)]
    const text = await this.#run(['template', 'elb-churn-exporter', copy, '--namespace', 'monitoring', ...show])
    return String(parse(text).notes)
  }

  /** What kubeconform has against objects, one line each; empty where all are valid and known. */
  async faults(manifests: string): Promise<string[]> {
    const locations = ['kubernetes', 'prometheus-operator'].flatMap((folder) => [
      '-schema-location',
      join(schemas, folder, '{{.ResourceKind}}{{.KindSuffix}}.json'),
    ])
    const child = spawn(this.#kubeconform, ['-strict', '-output', 'json', '-summary', ...locations])
    child.stdin.end(manifests)
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
    const { resources, summary } = JSON.parse(stdout === '' ? `{"failed":${JSON.stringify(stderr)}}` : stdout)
    if (summary === undefined || summary.valid + (resources ?? []).length === 0)
      throw new Error(`kubeconform: ${stderr}`)
    return (resources ?? []).map(({ kind, name, msg }: Record<string, string>) => `${kind} ${name}: ${msg}`)
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #write(values: object): Promise<string> {
    this.#files += 1
    const file = join(this.#folder, `values-${this.#files}.yaml`)
    await writeFile(file, stringify(values, { version: '1.1' })) // as Helm reads YAML: y is a boolean
    return file
  }

  async #run(args: readonly string[]): Promise<string> {
    const env = { PATH: process.env.PATH, HOME: this.#folder, KUBECONFIG: join(this.#folder, 'none') }
    const { stdout } = await execute(this.#command, args, { ...limits, env }).catch((error: unknown) => {
      const { stderr = '', stdout: out = '' } = error as { stderr?: string; stdout?: string }
      throw new Error(`${stderr}${out}` || String(error), { cause: error })
    })
    return stdout
  }
}

/** The one object of this kind, and of this name where it is given. */
export function only(objects: readonly KubernetesObject[], kind: string, name?: string): KubernetesObject {
  const [found, ...more] = objects.filter(
    (each) => each.kind === kind && (name ?? each.metadata.name) === each.metadata.name,
  )
  if (found === undefined || more.length > 0) {
    const there = objects.map((each) => `${each.kind} ${each.metadata.name}`).join(', ')
    throw new Error(`not one ${kind} ${name ?? ''} among ${there}`)
  }
  return found
}

export interface Workload {
  readonly template: PodTemplate
  readonly [field: string]: unknown
}

export function workload(objects: readonly KubernetesObject[], kind: 'Deployment' | 'DaemonSet'): Workload {
  return only(objects, kind).spec as Workload
}
