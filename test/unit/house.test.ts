import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { posix, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { faults } from '../house/rules.ts'

const checkout = resolve(import.meta.dirname, '../..')

async function sources(): Promise<Map<string, string>> {
  const listed = ['exporter', 'alerts', 'dashboards', 'deploy'].map(async (folder) => {
    const names = await readdir(resolve(checkout, folder), { recursive: true })
    return names.filter((name) => name.endsWith('.ts')).map((name) => `${folder}/${name}`)
  })
  const paths = (await Promise.all(listed)).flat()
  return new Map(
    await Promise.all(paths.map(async (path) => [path, await readFile(resolve(checkout, path), 'utf8')] as const)),
  )
}

function tree(files: Record<string, string>): string[] {
  const sources = Object.entries(files).map(([path, text]) => [posix.join('exporter', path), text] as const)
  return faults(new Map(sources), new Set(['pino']))
}

describe('the layout of exporter/, alerts/, dashboards/ and deploy/', () => {
  it('keeps every rule of the house', async () => {
    const { dependencies } = JSON.parse(await readFile(resolve(checkout, 'package.json'), 'utf8'))
    const files = await sources()
    assert.ok(files.size > 10, 'the sources were found')
    assert.deepEqual(faults(files, new Set(Object.keys(dependencies))), [])
  })
})

describe('the rules of the house', () => {
  it('let imports run down and stay in their own area', () => {
    const files = {
      'core/poll.ts': "import { diff } from './sets.ts'",
      'core/sets.ts': '',
      'sources/dns/client.ts': "import type { Poll } from '../../core/poll.ts'\nimport dgram from 'node:dgram'",
      'signals/signal.ts': '',
      'signals/index.ts': "const load = () => import('./dns/collector.ts')",
      'signals/dns/collector.ts': "import { x } from '../signal.ts'\nimport { y } from '../../sources/dns/client.ts'",
      'service/log.ts': "import { pino } from 'pino'",
      'main.ts': "import { serve } from './commands/serve.ts'",
      'commands/serve.ts': "import { log } from '../service/log.ts'\nimport { version } from '../version.ts'",
      'version.ts': "import meta from '../package.json' with { type: 'json' }",
    }
    assert.deepEqual(tree(files), [])
  })

  it('refuse an import that runs up, of types and of values, over one line or several', () => {
    const up = (text: string) => tree({ 'sources/a.ts': text, 'service/b.ts': '' }).join()
    assert.match(up("import type { B } from '../service/b.ts'"), /service is not below sources/)
    assert.match(up("import {\n  b,\n  c,\n} from '../service/b.ts'"), /service is not below sources/)
    assert.match(up("export { b } from '../service/b.ts'"), /service is not below sources/)
    assert.match(up("import '../service/b.ts'"), /service is not below sources/)
    assert.match(up("const b = await import('../service/b.ts')"), /service is not below sources/)
  })

  it('refuse an import between sources and metrics, which stand on one floor', () => {
    const found = tree({ 'sources/a.ts': "import { m } from '../metrics/spec.ts'", 'metrics/spec.ts': '' })
    assert.match(found.join(), /metrics is not below sources/)
  })

  it('refuse a signal that imports another', () => {
    const found = tree({ 'signals/dns/a.ts': "import { b } from '../elb/b.ts'", 'signals/elb/b.ts': '' })
    assert.match(found.join(), /signals never import each other/)
  })

  it('refuse anything from outside in core, built-in modules too', () => {
    assert.match(tree({ 'core/a.ts': "import { isIP } from 'node:net'" }).join(), /core imports nothing from outside/)
    const down = tree({ 'core/a.ts': "import { m } from '../metrics/m.ts'", 'metrics/m.ts': '' })
    assert.match(down.join(), /metrics is not below core/)
  })

  it('refuse a circle and name its files', () => {
    const found = tree({
      'core/a.ts': "import { b } from './b.ts'",
      'core/b.ts': "import { c } from './c.ts'",
      'core/c.ts': "import { b } from './b.ts'",
    })
    assert.deepEqual(found, ['a circle of imports: exporter/core/b.ts -> exporter/core/c.ts -> exporter/core/b.ts'])
  })

  it('refuse a file of over 300 lines', () => {
    assert.deepEqual(tree({ 'core/a.ts': '\n'.repeat(300) }), [])
    assert.match(tree({ 'core/a.ts': '\n'.repeat(301) }).join(), /has 301 lines/)
  })

  it('refuse a package that the image does not install, and a file from outside exporter/', () => {
    assert.match(tree({ 'web/a.ts': "import fc from 'fast-check'" }).join(), /fast-check, which package.json does not/)
    assert.match(
      tree({ 'web/a.ts': "import x from '../../test/lab/x.ts'" }).join(),
      /not a file of exporter\/, alerts\/, dashboards\/ or deploy/,
    )
  })

  it('let alerts see the tables of metrics, and nothing else of the floors below', () => {
    const table = {
      'signals/dns/metrics.ts': '',
      'signals/dns/answers.ts': '',
      'service/metrics.ts': '',
      'core/a.ts': '',
    }
    const found = (target: string) =>
      tree({ ...table, '../alerts/rules.ts': `import { x } from '../exporter/${target}'` }).join()
    for (const good of ['signals/dns/metrics.ts', 'service/metrics.ts', 'core/a.ts']) assert.equal(found(good), '')
    assert.match(found('signals/dns/answers.ts'), /rules and boards see only the tables of metrics/)
    const command = { 'commands/rules.ts': "import { r } from '../../alerts/rules.ts'", '../alerts/rules.ts': '' }
    assert.deepEqual(tree(command), [])
    const up = tree({ 'core/b.ts': "import { r } from '../../alerts/rules.ts'", '../alerts/rules.ts': '' })
    assert.match(up.join(), /alerts is not below core/)
  })

  it('let boards see alerts, tables and what renders them, and let nothing that runs see boards', () => {
    const files = { 'signals/dns/metrics.ts': '', 'core/a.ts': '', '../alerts/promql.ts': '', '../dashboards/b.ts': '' }
    const found = (path: string, text: string) => tree({ ...files, [path]: text }).join()
    const board = [
      "import { s } from '../alerts/promql.ts'",
      "import { d } from '../exporter/signals/dns/metrics.ts'",
      "import { p } from '@grafana/grafana-foundation-sdk/text'",
    ]
    assert.equal(found('../dashboards/c.ts', board.join('\n')), '')
    assert.match(
      tree({ 'service/a.ts': '', '../dashboards/c.ts': "import { a } from '../exporter/service/a.ts'" }).join(),
      /rules and boards see only the tables of metrics/,
    )
    assert.match(found('../dashboards/c.ts', "import x from 'fast-check'"), /fast-check, which package.json does not/)
    assert.match(found('web/a.ts', "import { p } from '@grafana/grafana-foundation-sdk/text'"), /does not list/)
    assert.equal(found('generated-files.ts', "import { b } from '../dashboards/b.ts'"), '')
    assert.match(found('commands/a.ts', "import { b } from '../../dashboards/b.ts'"), /only exporter.* renders boards/)
    assert.match(found('../alerts/c.ts', "import { b } from '../dashboards/b.ts'"), /see only the tables/)
  })

  it('let the chart see the rules, and nothing but the generator see the chart', () => {
    const files = { 'core/a.ts': '', 'service/a.ts': '', '../alerts/rules.ts': '', '../deploy/chart/files.ts': '' }
    const found = (path: string, text: string) => tree({ ...files, [path]: text }).join()
    assert.equal(found('../deploy/chart/b.ts', "import { r } from '../../alerts/rules.ts'"), '')
    assert.match(
      found('../deploy/chart/b.ts', "import { a } from '../../exporter/service/a.ts'"),
      /see only the tables/,
    )
    assert.equal(found('generated-files.ts', "import { c } from '../deploy/chart/files.ts'"), '')
    assert.match(
      found('commands/a.ts', "import { c } from '../../deploy/chart/files.ts'"),
      /only exporter.* renders the chart/,
    )
  })

  it('refuse a folder that has no floor', () => {
    assert.match(tree({ 'helpers/a.ts': "import { b } from '../core/b.ts'", 'core/b.ts': '' }).join(), /on no floor/)
  })
})
