/** Stands before the lab's AWS endpoint and does what that cannot: a clock that is ahead, and pages without end. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answer, describeClassic, errorAnswer } from '../lab/aws-answers.ts'
import type { LabAws } from '../lab/aws-server.ts'

/** AWS refuses signatures that are further from its clock than this. */
const longestSkewMs = 5 * 60_000

export class AwsFront {
  /** How far AWS's clock is ahead of this machine's. */
  aheadMs = 0
  /** Each page of load balancers is empty and names a next one. */
  endless = false
  /** Credentials that are refused as expired. */
  expiredKey = ''
  readonly #lab: LabAws
  readonly #server: Server
  #pages = 0

  private constructor(lab: LabAws) {
    this.#lab = lab
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => response.destroy(error as Error))
    })
  }

  static async start(lab: LabAws): Promise<AwsFront> {
    const front = new AwsFront(lab)
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve))
    return front
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
    const parameters = new URLSearchParams(body)
    const reply = this.#refusal(request) ?? this.#page(parameters) ?? (await this.#ask(request, body))
    const headers = { 'content-type': 'text/xml', date: new Date(Date.now() + this.aheadMs).toUTCString() }
    response.writeHead(reply.status, headers).end(reply.xml)
  }

  #refusal({ headers }: IncomingMessage): { status: number; xml: string } | undefined {
    const skewMs = Math.abs(amzDate(String(headers['x-amz-date'] ?? '')) - (Date.now() + this.aheadMs))
    if (skewMs > longestSkewMs) {
      return { status: 403, xml: errorAnswer('elb', 'RequestExpired', 'Request has expired.') }
    }
    if (this.expiredKey === '' || !headers.authorization?.includes(`Credential=${this.expiredKey}/`)) return undefined
    const why = 'The security token included in the request is expired'
    return { status: 403, xml: errorAnswer('elb', 'ExpiredToken', why) }
  }

  #page(parameters: URLSearchParams): { status: number; xml: string } | undefined {
    const action = parameters.get('Action')
    if (action !== 'DescribeLoadBalancers') return undefined
    // AWS refuses a marker that it does not know; the lab would take it for the end of the list.
    const unknown = !this.endless && parameters.get('Marker')?.startsWith('page-') === true
    if (unknown) return { status: 400, xml: errorAnswer('elb', 'ValidationError', 'Invalid marker') }
    if (!this.endless) return undefined
    this.#pages += 1
    return { status: 200, xml: answer('elb', action, describeClassic([], `page-${this.#pages}`)) }
  }

  async #ask({ headers }: IncomingMessage, body: string): Promise<{ status: number; xml: string }> {
    const { authorization = '' } = headers
    const type = 'application/x-www-form-urlencoded'
    const reply = await fetch(this.#lab.endpoint, {
      method: 'POST',
      headers: { authorization, 'content-type': type },
      body,
      signal: AbortSignal.timeout(10_000),
    })
    return { status: reply.status, xml: await reply.text() }
  }
}

/** `20260102T030405Z`, as Signature Version 4 writes it, in ms. */
function amzDate(text: string): number {
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
}
