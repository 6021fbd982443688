/** Every input that is kept, and some hundred edits of each target's: the guided fuzzer goes on from here for longer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { knownInputs } from './corpus.ts'
import { mutate, Random } from './random.ts'
import type { FuzzTarget } from './target.ts'
import { fuzzTargets } from './targets/index.ts'

const edits = 600

for (const target of fuzzTargets()) {
  test(`${target.name} keeps its promises on all kept inputs and ${edits} edits of them`, async (context) => {
    context.after(() => target.close?.())
    const inputs = await knownInputs(target)
    assert.ok(inputs.size >= 3, `the corpus of ${target.name} is missing`)
    for (const [name, data] of inputs) await tell(target, name, data)
    const random = new Random(1)
    const known = [...inputs.values()]
    for (let count = 0; count < edits; count += 1) {
      const data = mutate(known[random.below(known.length)] ?? Buffer.alloc(0), random)
      await tell(target, `edit ${count}`, data)
    }
  })
}

async function tell({ run, name }: FuzzTarget, input: string, data: Buffer): Promise<void> {
  try {
    await run(data)
  } catch (cause) {
    throw new Error(`${name} broke a promise on ${input}, in hex: ${data.toString('hex')}`, { cause })
  }
}
