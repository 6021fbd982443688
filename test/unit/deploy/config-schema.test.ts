/** What Helm refuses of a config by the chart's schema, beside what check-config refuses. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { agentConfig, exporterConfig } from '../../../deploy/chart/config-schema.ts'
import { formats } from '../../../exporter/service/config/formats.ts'
import { ConfigError, parseConfig } from '../../../exporter/service/config/load.ts'
import { configSchema } from '../../../exporter/service/config/schema.ts'
import { bad, balancer, good, names, withCluster } from './configs.ts'

const ajv = new Ajv({ strict: false })
const helmTakes = ajv.compile(exporterConfig(configSchema))
const helmTakesForAgents = ajv.compile(agentConfig(configSchema))

function programTakes(config: object): boolean {
  try {
    parseConfig(stringify(config), 'config.yaml')
    return true
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return false
  }
}

describe("the chart's schema of a config", () => {
  for (const [what, config] of Object.entries(good)) {
    it(`takes ${what}, as check-config does`, () => {
      assert.equal(programTakes(config), true)
      assert.equal(helmTakes(config), true, JSON.stringify(helmTakes.errors))
    })
  }

  for (const [what, config] of Object.entries(bad)) {
    it(`refuses ${what}, as check-config does`, () => {
      assert.equal(programTakes(config), false)
      assert.equal(helmTakes(config), false)
    })
  }

  it('takes of resolvers and hostnames only what the program takes', () => {
    const part = fc.constantFrom('10', '0', '255', '256', '.', ':', '53', '65536', '[', ']', 'fd00', 'a', '-', '_', 'é')
    const texts = fc.array(part, { maxLength: 9 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(texts, (text) => {
        const hostname = withCluster({ dns: { names: [{ hostname: text }] } })
        if (helmTakes(hostname) && !text.includes('é')) assert.equal(formats['dns-name']?.(text), undefined, text)
        const resolver = withCluster({ dns: { names, resolvers: [text] } })
        // Of IPv6 addresses the pattern knows the characters, not their number.
        if (helmTakes(resolver) && !text.includes('::')) {
          const said = formats.resolver?.(text)
          assert.ok(said === undefined || text.split(':').length > 2, text)
        }
      }),
    )
  })

  it('lets agents have hostnames and connections, and nothing that only the exporter may ask', () => {
    const own = withCluster({ connections: { proc: '/host/proc' } })
    assert.equal(helmTakesForAgents(own), true, JSON.stringify(helmTakesForAgents.errors))
    for (const more of [{ nodes: {} }, { load_balancers: [balancer] }, { reachability: { port: 443 } }])
      assert.equal(helmTakesForAgents(withCluster({ connections: {}, ...more })), false, JSON.stringify(more))
    assert.equal(helmTakesForAgents(withCluster({})), false, 'no connections')
  })
})
