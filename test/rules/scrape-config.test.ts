/** The scrape_configs that docs/prometheus.md gives to copy. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { findTool } from '../tools/find.ts'

const execute = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')
const page = await readFile(join(root, 'docs/prometheus.md'), 'utf8')
const example = /^```yaml\n(.*?)^```$/ms.exec(page)?.[1] ?? ''

interface Job {
  readonly honor_labels?: boolean
  readonly kubernetes_sd_configs?: readonly { readonly selectors: readonly { readonly label: string }[] }[]
}

describe('the scrape_configs of docs/prometheus.md', () => {
  let work = ''
  before(async () => {
    work = await mkdtemp(join(tmpdir(), 'scrape-'))
    await writeFile(join(work, 'prometheus.yml'), example)
  })
  after(() => rm(work, { recursive: true, force: true }))

  // Debian's older one is built without the discovery of Kubernetes.
  it('are a config of Prometheus', async () => {
    const { command, env } = await findTool('promtool')
    const options = { env: { ...process.env, ...env }, timeout: 60_000 }
    await execute(command, ['check', 'config', '--syntax-only', join(work, 'prometheus.yml')], options)
  })

  it('honour the labels of the exporter, and select the pods of the manifests', async () => {
    const { scrape_configs } = parse(example) as { scrape_configs: readonly Job[] }
    assert.ok(scrape_configs.every(({ honor_labels }) => honor_labels === true))
    const chosen = scrape_configs.flatMap(({ kubernetes_sd_configs = [] }) =>
      kubernetes_sd_configs.flatMap(({ selectors }) => selectors.map(({ label }) => label)),
    )
    for (const [index, manifest] of ['exporter.yaml', 'agent.yaml'].entries()) {
      const text = await readFile(join(root, 'deploy/manifests', manifest), 'utf8')
      const wanted = (chosen[index] ?? '').split(',').map((pair) => pair.replace('=', ': '))
      assert.equal(wanted.length, 2)
      for (const label of wanted) assert.ok(text.includes(label), `${manifest} has ${label}`)
    }
  })
})
