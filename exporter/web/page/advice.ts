/** What to do about a collector that fails, by its name and the kind of failure. */
import type { FailureReason } from '../../core/poll.ts'

const byCollector: Readonly<Record<string, Partial<Record<FailureReason, string>>>> = {
  load_balancers: {
    denied:
      'Grant the exporter the actions of deploy/iam-policy.json, on the caller’s side sts:AssumeRole too where role_arn is set.',
    expired: 'Renew the AWS credentials of the exporter: the role of its service account, or the environment.',
    throttled:
      'Other users of the account share its API limits. It recovers by itself; if not, lengthen schedules.load_balancers.',
    not_found: 'Check names, types and region of the load balancer in the config: AWS lists none of that name.',
    network: 'Check the way from here to the AWS API: DNS, egress, proxy, or the endpoint in the config.',
    timeout: 'Check the way from here to the AWS API and to the resolvers of the load balancer.',
  },
  dns: {
    timeout: 'The resolver does not answer: check it and the way to it, or take it out of dns.resolvers.',
    server: 'The resolver answers with an error: ask it with dig, and look at the zone’s own servers.',
    denied: 'The resolver refuses: allow this machine to ask it, or take it out of dns.resolvers.',
    network: 'The resolver cannot be reached: check its address and port, and the way to it.',
    malformed: 'What the resolver sends cannot be read: something between may change the packets.',
  },
  nodes: {
    denied: 'Apply deploy/rbac.yaml: the exporter needs list and watch of nodes.',
    expired:
      'The Kubernetes credentials cannot be read or are not accepted any more: check the path of the kubeconfig, or renew it or the service account’s token.',
    timeout:
      'The API server does not answer. This is what stranded kubelets see: check the addresses of its load balancer.',
    network: 'The API server cannot be reached: check the addresses of its load balancer, and the way to it.',
    tls: 'The certificate of the API server does not fit: check the CA in the kubeconfig and the server name.',
  },
  heartbeats: {
    denied: 'Apply deploy/rbac.yaml: the exporter needs list of leases in kube-node-lease.',
    timeout:
      'The API server does not answer, or the list of nodes is not known yet: look at the collector nodes first.',
  },
  connections: {
    denied: 'The agent may not read <proc>/1/net: mount the host’s /proc/1/net there, read-only, and look at SELinux.',
    not_found: 'There is no <proc>/1/net: mount the host’s /proc/1/net there, read-only (<proc> is connections.proc).',
  },
}

const byReason: Readonly<Record<FailureReason, string>> = {
  timeout: 'Nobody answered in time: check the other side and the way to it.',
  network: 'The other side cannot be reached: check its address and the way to it.',
  tls: 'The certificate or the handshake fails: check the CA, the name and the time of both machines.',
  malformed: 'The answer cannot be read: check that the address leads to what the config says.',
  throttled: 'The other side asks to slow down. It recovers by itself; if not, lengthen the schedule.',
  denied: 'The exporter is known but not allowed: grant what deploy/ lists.',
  expired: 'The credentials are missing, expired or not accepted: renew them.',
  not_found: 'What the config asks for does not exist: check its name.',
  server: 'The other side has a fault of its own: look there.',
  limit: 'A bound of this program is reached: watch less with this exporter.',
  internal: 'This is a fault of the exporter: please report it with the message above.',
}

/** Undefined for a reason that nobody knows. */
export function adviceFor(collector: string, reason: string): string | undefined {
  const known = Object.hasOwn(byReason, reason) ? (reason as FailureReason) : undefined
  if (known === undefined) return undefined
  return (Object.hasOwn(byCollector, collector) ? byCollector[collector]?.[known] : undefined) ?? byReason[known]
}
