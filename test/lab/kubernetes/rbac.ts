/** RBAC as far as the lab has it: rights that are denied, and the reviews by which an account asks for its own. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { kindOf, leasesPath, send, sendStatus } from './answers.ts'

const reviewPath = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

interface Attributes {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly namespace?: string
}

export class LabRbac {
  /** `list nodes`, `watch nodes`, `list leases.coordination.k8s.io in kube-node-lease` */
  readonly denied = new Set<string>()
  /** Rights that were asked for by reviews. */
  readonly reviewed = new Set<string>()

  /** true where it has answered: a review, or a request that is denied. */
  answers(request: IncomingMessage, url: URL, response: ServerResponse): boolean {
    if (url.pathname === reviewPath) {
      void this.#review(request, response)
      return true
    }
    const kind = kindOf(url)
    const wanted = { leases: `list ${leases}`, watch: 'watch nodes' } as Record<string, string>
    if (url.pathname !== leasesPath && url.pathname !== '/api/v1/nodes') return false
    if (!this.denied.has(wanted[kind] ?? 'list nodes')) return false
    sendStatus(response, 403, `User "lab" cannot ${wanted[kind] ?? 'list nodes'}`)
    return true
  }

  async #review(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { spec } = JSON.parse(await text(request)) as { spec: { resourceAttributes: Attributes } }
    const { verb, group, resource, namespace } = spec.resourceAttributes
    const place = namespace === undefined ? '' : ` in ${namespace}`
    const right = `${verb} ${resource}${group === '' ? '' : `.${group}`}${place}`
    this.reviewed.add(right)
    const status = this.denied.has(right) ? { allowed: false, reason: 'no RBAC policy matched' } : { allowed: true }
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec, status }
    send(response, request.method === 'POST' ? 201 : 405, JSON.stringify(review))
  }
}

const leases = 'leases.coordination.k8s.io in kube-node-lease'
