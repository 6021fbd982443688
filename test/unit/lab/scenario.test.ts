import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { ConfigError } from '../../../exporter/service/config/checked-yaml.ts'
import { loadScenario, parseScenario } from '../../lab/story/scenario.ts'

const folder = new URL('../../lab/scenarios/', import.meta.url).pathname

function faultsOf(text: string): readonly string[] {
  try {
    parseScenario(text, 'x.yaml')
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.faults
  }
}

function withSteps(...steps: readonly string[]): string {
  return ['name: x', 'description: y', 'length: 5m', 'steps:', ...steps.map((step) => `  - {${step}}`)].join('\n')
}

describe('a scenario file', () => {
  it('is read with its defaults filled in and its timeline by time, each lasting step with its end', () => {
    const scenario = parseScenario(
      withSteps('at: 1m, do: address_leaves, address: 10.0.1.12', 'at: 30s, do: aws_throttles, for: 45s'),
      'x.yaml',
    )
    assert.equal(scenario.scale, 1)
    assert.equal(scenario.lengthMs, 300_000)
    assert.equal(scenario.defaults.nodes, 12)
    assert.deepEqual(scenario.defaults.load_balancer.addresses.length, 2)
    assert.deepEqual(scenario.timeline, [
      { atMs: 30_000, action: { do: 'aws_throttles' } },
      { atMs: 60_000, action: { do: 'address_leaves', address: '10.0.1.12' } },
      { atMs: 75_000, action: { do: 'aws_recovers' } },
    ])
  })

  it('is refused with every fault of its frame at its place', () => {
    assert.deepEqual(faultsOf('name: x\ndescription: y\nlenght: 5m\nscale: 0\nsteps: []\n'), [
      'x.yaml:1:1: length: is missing',
      'x.yaml:3:1: lenght: unknown key; known here: name, description, scale, length, defaults, steps',
      'x.yaml:4:8: scale: must be > 0',
      'x.yaml:5:8: steps: must not be empty',
    ])
  })

  it('is refused where a step is unknown, or has too little or too much', () => {
    assert.deepEqual(
      faultsOf(
        withSteps(
          'at: 1s, do: address_sleeps',
          'at: 1s, do: nodes_add',
          'at: 1s, do: dns_switch, to: [10.1.1.1], x: 1',
        ),
      ),
      [
        'x.yaml:5:18: steps[0].do: "address_sleeps" is none of address_appears, address_joins, address_leaves, address_dies, kubelets_flap, nodes_add, nodes_cordon, nodes_remove, nodes_replace, dns_switch, resolver_lags, resolver_fails, aws_throttles',
        'x.yaml:6:5: steps[1].count: is missing',
        'x.yaml:7:46: steps[2].x: unknown key; known here: at, do, to',
      ],
    )
  })

  it('is refused where an address is none, has not joined yet, or a step outlasts the story', () => {
    assert.deepEqual(
      faultsOf(
        withSteps(
          'at: 1m, do: address_dies, address: 10.0.9.9',
          'at: 2m, do: address_joins, address: 10.0.9.9, zone: a',
          'at: 3m, do: dns_switch, to: [10.0.0.300]',
          'at: 4m, do: resolver_lags, for: 90s',
        ),
      ),
      [
        'x.yaml:5:41: steps[0].address: 10.0.9.9 has not joined by 1m',
        'x.yaml:7:34: steps[2].to: "10.0.0.300" is no IPv4 address',
        'x.yaml:8:10: steps[3].at: the step ends after the story, which lasts 5m',
      ],
    )
  })

  for (const file of readdirSync(folder)) {
    it(`ships as ${file}, named like its file`, async () => {
      assert.equal(`${(await loadScenario(`${folder}${file}`)).name}.yaml`, file)
    })
  }
})
