/** A config file of somebody in a hurry. */
import assert from 'node:assert/strict'
import { ConfigError, parseConfig } from '../../../exporter/service/config/load.ts'
import type { FuzzTarget } from '../target.ts'

const whole = `schedules: {dns: "*/5 * * * * *"}
retention: 1h
clusters:
  - name: prod
    nodes: {kubeconfig: k, context: c, group_by: [topology.kubernetes.io/zone]}
    load_balancers:
      - {region: us-west-2, names: [api], types: [classic], interfaces: true, endpoint: "http://127.0.0.1:1"}
    dns:
      resolvers: [system, authoritative, "10.0.0.2:53"]
      names: [{hostname: api.example.com, types: [A, AAAA]}]
    connections: {proc: /host/proc}
    reachability: {port: 443, timeout: 2s}
`
const aliases = 'a: &a [x, x]\nb: &b [*a, *a]\nclusters: [*b, *b]\n'

/** Every fault has its line and column; nothing else is ever thrown. */
export const configFile: FuzzTarget = {
  name: 'config-file',
  seeds: () =>
    [whole, '{}', '', 'clusters: []', aliases, '%YAML 1.1\n---\n? x\n: y\n'].map((text) => Buffer.from(text)),
  run(data) {
    try {
      const { config } = parseConfig(data.toString(), 'config.yaml')
      assert.ok(config.clusters.length > 0, 'a config that watches nothing was taken')
    } catch (error) {
      assert.ok(error instanceof ConfigError, `not a fault of the file: ${String(error)}`)
      assert.ok(error.faults.length > 0)
      for (const fault of error.faults) assert.match(fault, /^config\.yaml:[1-9]\d*:[1-9]\d*: ./s)
    }
  },
}
