/** Values that Helm refuses, and what it says. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { bad, good } from '../unit/deploy/configs.ts'
import { Helm } from './helm.ts'
import { config, everything } from './helm-values.ts'

let helm: Helm

before(async () => {
  helm = await Helm.open()
})
after(() => helm?.close())

const named = { names: [{ hostname: 'api.example.com' }] }

describe('values', () => {
  const wrong: Readonly<Record<string, readonly [values: object, said: RegExp]>> = {
    'a key that nobody knows': [{ replicaCount: 2 }, /'replicaCount' not allowed/],
    'a config key that nobody knows': [
      { config: { clusters: [{ name: 'a', node: {} }] } },
      /config.*'node' not allowed/s,
    ],
    'a config without clusters': [{ config: { retention: '1h' } }, /config.*missing property 'clusters'/s],
    'a duration that is none': [
      { config: { retention: 'P1D', clusters: [{ name: 'a' }] } },
      /retention.*does not match/s,
    ],
    'a count of replicas that is no number': [{ replicas: 'two' }, /replicas.*want integer/s],
    'a role that is no ARN': [{ serviceAccount: { roleArn: 'reader' } }, /roleArn.*does not match pattern/s],
    'a way to probe that there is not': [{ web: { probes: 'grpc' } }, /probes.*must be one of/s],
    'a digest that is none': [{ image: { digest: 'latest' } }, /digest.*does not match pattern/s],
    'less time to stop than a stop may take': [{ terminationGracePeriodSeconds: 3 }, /terminationGracePeriodSeconds/],
    'a level of the log that the program does not know': [{ log: { level: 'trace' } }, /log\/level.*must be one of/s],
    'a scrape that takes longer than its interval': [
      { prometheusOperator: { enabled: true, interval: '5s', scrapeTimeout: '5001ms' } },
      /scrapeTimeout: 5001ms is longer than the interval of 5s/,
    ],
    'a label of pods that selects them': [
      { podLabels: { 'app.kubernetes.io/component': 'x' } },
      /podLabels\/app.kubernetes.io~1component': false schema/,
    ],
    'a common label that belongs to Helm': [
      { commonLabels: { 'app.kubernetes.io/managed-by': 'x' } },
      /commonLabels\/app.kubernetes.io~1managed-by': false schema/,
    ],
    'an interval among the keys of an endpoint': [
      { prometheusOperator: { endpoint: { interval: '5s' } } },
      /prometheusOperator\/endpoint.*interval/s,
    ],
    'honorLabels among the keys of an endpoint of agents': [
      { agent: { endpoint: { honorLabels: false } } },
      /agent\/endpoint.*honorLabels/s,
    ],
    'headers of a probe that sends none': [
      { web: { probes: 'tcp', probeHeaders: [{ name: 'Authorization', value: 'Basic eA==' }] } },
      /web.probeHeaders: a tcp probe sends no header/,
    ],
    'no account at all': [{ serviceAccount: { create: false } }, /name the account to use in serviceAccount.name/],
    'a role for an account that is not made': [
      { serviceAccount: { create: false, name: 'mine', roleArn: 'arn:aws:iam::111122223333:role/reader' } },
      /kubectl -n monitoring annotate serviceaccount mine eks.amazonaws.com\/role-arn=arn:aws:iam::111122223333:role\/reader/,
    ],
    'a budget that lets no pod go': [{ podDisruptionBudget: { maxUnavailable: 0 } }, /maxUnavailable/],
    'a budget of no percent': [{ podDisruptionBudget: { maxUnavailable: '0%' } }, /maxUnavailable/],
    'nothing to install': [{ exporter: { enabled: false } }, /there is nothing to install/],
    'agents that read nodes': [
      { agent: { config: { clusters: [{ name: 'a', nodes: {}, dns: named, connections: {} }] } } },
      /agent\/config.*'nodes' not allowed/s,
    ],
    'agents that ask AWS': [
      {
        agent: {
          config: {
            clusters: [
              { name: 'a', load_balancers: [{ region: 'eu-west-1', names: ['a'] }], dns: named, connections: {} },
            ],
          },
        },
      },
      /agent\/config.*'load_balancers' not allowed/s,
    ],
    'agents that look for no connections': [
      { agent: { config: { clusters: [{ name: 'a', dns: named }] } } },
      /agent\/config.*missing property 'connections'/s,
    ],
    'agents scraped with a file that a PodMonitor does not know': [
      {
        config,
        agent: { enabled: true },
        prometheusOperator: { enabled: true, endpoint: { scheme: 'https', tlsConfig: { caFile: '/ca.crt' } } },
      },
      /prometheusOperator.endpoint has caFile, .* say in agent.endpoint/,
    ],
    'two replicas on one volume': [
      { storage: { persistence: { enabled: true } } },
      /persistence.enabled: .* set replicas to 1/,
    ],
    'agents without a hostname': [{ agent: { enabled: true } }, /give config.clusters with dns.names, or agent.config/],
    'agents of one of several clusters': [
      { config: everything.config, agent: { enabled: true } },
      /several clusters.*agent.cluster/,
    ],
    'agents of an unknown cluster': [{ config, agent: { enabled: true, cluster: 'x' } }, /config.clusters has no x/],
    'agents of a cluster without names': [
      { config: { clusters: [{ name: 'a', nodes: {} }] }, agent: { enabled: true } },
      /cluster a .*has no dns.names/,
    ],
  }
  for (const [what, [values, said]] of Object.entries(wrong)) {
    it(`are refused with ${what}`, async () => {
      assert.match(await helm.refusal(values), said)
    })
  }
})

describe('a config', () => {
  for (const [what, taken] of Object.entries(good)) {
    it(`with ${what} is taken by Helm's own reading of the schema`, async () => {
      await helm.render({ config: taken })
    })
  }

  for (const [what, refused] of Object.entries(bad)) {
    it(`with ${what} is refused with its place`, async () => {
      assert.match(await helm.refusal({ config: refused }), /at '\/config\/(clusters\/0|schedules)/)
    })
  }
})
