/** All faults there are. The tests and docs/faults.md are made from it. */
import { awsFaults } from './aws.ts'
import { dnsFaults } from './dns.ts'
import type { AnyFault } from './fault.ts'
import { kubernetesFaults } from './kubernetes.ts'

export interface Area {
  readonly title: string
  readonly note: string
  readonly faults: readonly AnyFault[]
}

export const areas: readonly Area[] = [
  {
    title: 'DNS',
    note: 'The exporter waits 2 s for a reply, asks twice, and looks every 2 s in these tests.',
    faults: dnsFaults,
  },
  {
    title: 'AWS',
    note: 'The addresses of a load balancer come from DNS, which goes on: their changes are seen while AWS fails. The exporter asks AWS every 2 s in these tests.',
    faults: awsFaults,
  },
  {
    title: 'Kubernetes',
    note: 'A watch is asked to end after 8 s, so that a silent one is found out; a dead API server is left within 15 s.',
    faults: kubernetesFaults,
  },
]

export const networkFaults: readonly AnyFault[] = areas.flatMap(({ faults }) => faults)
