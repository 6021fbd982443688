import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { generatedFiles } from '../../exporter/generated-files.ts'

for (const [name, text] of generatedFiles()) {
  test(`${name} is as the code makes it: run npm run generate`, () => {
    assert.equal(readFileSync(new URL(name, new URL('../../', import.meta.url)), 'utf8'), text)
  })
}

const named = [
  'elb_addresses elb_address_info elb_address_changes_total elb_address_last_change_timestamp_seconds elb_info',
  'elb_instances dns_answers dns_answer_info dns_answer_changes_total dns_answer_last_change_timestamp_seconds',
  'dns_answer_ttl_seconds dns_queries_total dns_query_duration_seconds dns_resolvers_agree nodes nodes_excluded',
  'nodes_not_ready_ratio node_not_ready_since_timestamp_seconds node_ready_transitions_total nodes_omitted',
  'node_not_ready_seconds_total collector_up collector_last_success_timestamp_seconds collector_duration_seconds',
  'collector_errors_total aws_requests_total build_info config_last_reload_successful',
  'config_last_reload_success_timestamp_seconds',
]

test('every metric that users rely on is in the reference', () => {
  const reference = generatedFiles().get('exporter/METRICS.md') ?? ''
  const missing = named.flatMap((line) => line.split(' ')).filter((name) => !reference.includes(`\`elbchurn_${name}\``))
  assert.deepEqual(missing, [])
})
