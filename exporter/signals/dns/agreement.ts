import type { Sample } from '../../metrics/spec.ts'
import type { Scope, Trace } from '../signal.ts'
import type { DnsMetric } from './metrics.ts'
import type { Target } from './target.ts'

/** true where all the sorted lists are one. */
export function allAgree(answers: readonly (readonly string[])[]): boolean {
  const [first] = answers
  return answers.every((answer) => {
    return answer.length === first?.length && answer.every((member, index) => member === first[index])
  })
}

/** One (hostname, type) at all its resolvers. They are asked at one moment, so that a change reaches them together. */
export class QuestionGroup {
  readonly targets: readonly Target[]
  readonly #scope: Scope<DnsMetric>
  readonly #samples: Readonly<Record<'agree' | 'differ', readonly Sample<DnsMetric>[]>>

  constructor(targets: readonly Target[], scope: Scope<DnsMetric>, labels: Readonly<Record<string, string>>) {
    this.targets = targets
    this.#scope = scope
    this.#samples = {
      agree: [{ metric: 'elbchurn_dns_resolvers_agree', labels, value: 1 }],
      differ: [{ metric: 'elbchurn_dns_resolvers_agree', labels, value: 0 }],
    }
  }

  /** Asks each target that is not being asked already. The comparison waits for the last of them. */
  ask(trace: Trace): Promise<void>[] {
    return this.targets.filter((target) => !target.inFlight).map((target) => target.ask(trace).then(this.#compared))
  }

  readonly #compared = (): void => {
    if (!this.targets.some(({ inFlight }) => inFlight)) this.publish()
  }

  /** Compares those that answered; where none did, nothing is said and the old value grows stale. */
  publish(): void {
    const answers: (readonly string[])[] = []
    for (const { answered } of this.targets) if (answered !== undefined) answers.push(answered)
    if (answers.length > 0) this.#scope.publish(allAgree(answers) ? this.#samples.agree : this.#samples.differ)
  }
}
