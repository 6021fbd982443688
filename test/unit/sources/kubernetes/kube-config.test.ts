import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'

const file = new URL('../../../../exporter/sources/kubernetes/kube-config.ts', import.meta.url).href
const program = `
import { registerHooks } from 'node:module'
const loaded = []
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
const { KubeConfig } = await import('${file}')
const config = new KubeConfig()
config.loadFromClusterAndUser({ name: 'a', server: 'https://127.0.0.1:1' }, { name: 'b', token: 'c' })
const options = {}
await config.applyToHTTPSOptions(options)
const generated = loaded.filter((url) => /client-node.dist.gen.(apis|models|index)/.test(url)).length
console.log(JSON.stringify({ loaded: loaded.length, generated, headers: options.headers }))
`

describe('KubeConfig', () => {
  it('logs in without the generated classes of the API, which nobody here uses', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
    const { loaded, generated, headers } = JSON.parse(stdout)
    assert.ok(loaded > 5, 'what is loaded was seen')
    assert.equal(generated, 0)
    assert.deepEqual(headers, { Authorization: 'Bearer c' })
  })
})
