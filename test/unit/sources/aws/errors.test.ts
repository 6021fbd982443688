import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failureOf } from '../../../../exporter/sources/aws/errors.ts'
import type { AwsService } from '../../../../exporter/sources/aws/types.ts'

function told(service: AwsService, httpStatusCode: number, Code?: string) {
  const error = Object.assign(new Error('x'), { name: Code ?? 'Unknown', Code, $metadata: { httpStatusCode } })
  return failureOf(error, { service, operation: 'Describe', region: 'us-west-2' })
}

describe('an error of AWS', () => {
  it('of an endpoint that does not know the API says which types to ask for', () => {
    const { reason, message } = told('elbv2', 400, 'InvalidAction')
    assert.equal(reason, 'server')
    assert.match(message, /^InvalidAction on .* does not know this API: .*`types: \[classic\]`/)
    assert.match(told('elb', 501, 'InternalFailure').message, /`types: \[application, network\]`/)
    assert.match(told('ec2', 404).message, /`interfaces: false`/)
    assert.equal(told('elb', 400, 'LoadBalancerNotFound').reason, 'not_found')
  })

  it('with a status of its own is never called a fault of this program', () => {
    assert.equal(told('elb', 400, 'ValidationError').reason, 'denied')
    assert.match(told('elb', 400, 'ValidationError').message, /refuses the request as it stands/)
    assert.match(told('elb', 403, 'AccessDenied').message, /grant it to the role/)
    for (const status of [301, 400, 404, 418, 501]) {
      assert.notEqual(told('elb', status).reason, 'internal')
      assert.doesNotMatch(told('elb', status).message, /fault of the exporter/)
    }
  })

  it('of a process without a descriptor left is a limit of that process, and no fault of AWS or of the network', () => {
    const error = Object.assign(new Error('connect EMFILE'), { code: 'EMFILE' })
    const { reason, message } = failureOf(error, { service: 'elb', operation: 'Describe', region: 'us-west-2' })
    assert.equal(reason, 'limit')
    assert.match(message, /^EMFILE on .*: no file descriptor is left: raise the limit/)
  })
})
