/** IAM as far as the lab's AWS endpoint has it: which actions are allowed, and what a dry run of EC2 says. */
import type { LabService } from './aws-answers.ts'
import { Refusal, refuse } from './aws-faults.ts'

export class LabIam {
  /** `elasticloadbalancing:DescribeTags`; absent: all are. */
  allowed: ReadonlySet<string> | undefined
  /** Actions asked for so far, allowed or not. */
  readonly asked = new Set<string>()

  authorize({
    service,
    action,
    parameters,
  }: {
    service: LabService
    action: string
    parameters: URLSearchParams
  }): void {
    const name = `${service.startsWith('elb') ? 'elasticloadbalancing' : service}:${action}`
    this.asked.add(name)
    if (this.allowed?.has(name) === false) refuse(service, 'access-denied')
    if (service === 'ec2' && parameters.get('DryRun') === 'true') {
      throw new Refusal(412, 'DryRunOperation', 'Request would have succeeded, but DryRun flag is set.')
    }
  }
}
