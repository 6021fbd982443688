/** The ways in which the lab's AWS endpoint can fail. */
import type { ServerResponse } from 'node:http'
import type { LabService } from './aws-answers.ts'

export const labAwsFaults = [
  'throttle', // 400 Throttling
  'access-denied', // 403 AccessDenied; EC2 says UnauthorizedOperation
  'expired-token', // 403 ExpiredToken
  'error-500',
  'error-503',
  'html', // 200 with the page of a proxy
  'html-502', // 502 with the page of a proxy
  'empty', // 200 without a body
  'missing-list', // 200, well formed, without the list that was asked for
  'half-body', // 200, XML cut in the middle
  'reset', // the connection ends in the middle of the body
  'slow-body', // a byte now and then, without end
  'hang', // no answer at all
  'repeated-marker', // every page names the same next page
] as const
export type LabAwsFault = (typeof labAwsFaults)[number]

/** An error answer of the service, thrown where a request is handled. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export function notFound(service: LabService, id: string): Refusal {
  const said = service === 'elb' ? `There is no ACTIVE Load Balancer named '${id}'` : `Load balancer '${id}' not found`
  return new Refusal(400, 'LoadBalancerNotFound', said)
}

export function refuse(service: LabService, fault: LabAwsFault | undefined): void {
  const denied = service === 'ec2' ? 'UnauthorizedOperation' : 'AccessDenied'
  const who = 'User: arn:aws:sts::111122223333:assumed-role/reader/lab is not authorized to perform this action'
  const throttle = service === 'ec2' ? 'RequestLimitExceeded' : 'Throttling'
  if (fault === 'throttle') throw new Refusal(service === 'ec2' ? 503 : 400, throttle, 'Rate exceeded')
  if (fault === 'access-denied') throw new Refusal(403, denied, who)
  if (fault === 'expired-token') throw new Refusal(403, 'ExpiredToken', 'The security token in the request is expired')
  if (fault === 'error-500') throw new Refusal(500, 'InternalFailure', 'Internal failure')
  if (fault === 'error-503') throw new Refusal(503, 'ServiceUnavailable', 'Service is unavailable')
}

/** Writes the answer, as the fault wants it. Returns the timer of an answer that never ends. */
export function send(
  response: ServerResponse,
  status: number,
  xml: string,
  fault: LabAwsFault | undefined,
): NodeJS.Timeout | undefined {
  const half = xml.slice(0, Math.floor(xml.length / 2))
  if (fault === 'hang') return undefined
  if (fault === 'html' || fault === 'html-502') {
    const page = '<html><body><h1>502 Bad Gateway</h1><hr></body>'
    response.writeHead(fault === 'html' ? 200 : 502, { 'content-type': 'text/html' }).end(page)
    return undefined
  }
  response.writeHead(status, { 'content-type': 'text/xml' })
  if (fault === 'empty') response.end()
  else if (fault === 'half-body') response.end(half)
  else if (fault === 'reset') response.write(half, () => response.destroy())
  else if (fault !== 'slow-body') response.end(xml)
  else {
    response.write(half)
    return setInterval(() => response.write(' '), 20)
  }
  return undefined
}
