import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  answerLimit,
  confirmations,
  type Membership,
  membersOf,
  stepMembership,
} from '../../../exporter/core/membership.ts'

function observe(previous: Membership | undefined, members: readonly string[]) {
  return stepMembership(previous, { members, complete: new Set(members).size < answerLimit })
}

/** Plays the answers in order. */
function play(answers: readonly (readonly string[])[], start?: Membership) {
  let book = start
  const added: string[] = []
  const removed: string[] = []
  for (const answer of answers) {
    const step = observe(book, answer)
    book = step.next
    added.push(...step.added)
    removed.push(...step.removed)
  }
  return { book, added, removed }
}

const unchanged = { added: [], removed: [] }

function changes({ added, removed }: { added: readonly string[]; removed: readonly string[] }) {
  return { added, removed }
}

function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `10.0.0.${index + 1}`)
}

/** Windows of 8 of which any 3 in a row hold every member of up to 24. */
function windows(set: readonly string[], count: number, offset: number): string[][] {
  return Array.from({ length: count }, (_, turn) => {
    return Array.from(
      { length: answerLimit },
      (_, index) => set[(offset + turn * answerLimit + index) % set.length] ?? '',
    )
  })
}

test('The first sight is the baseline and no change', () => {
  const step = observe(undefined, ['b', 'a'])
  assert.equal(step.first, true)
  assert.deepEqual(changes(step), unchanged)
  assert.deepEqual(membersOf(step.next), ['a', 'b'])
})

test('Members of an answer that holds fewer than 8 come and go at once', () => {
  const { book } = play([['a', 'b']])
  const step = observe(book, ['b', 'c'])
  assert.deepEqual(changes(step), { added: ['c'], removed: ['a'] })
  assert.deepEqual(membersOf(step.next), ['b', 'c'])
})

test('A member missing from answers of 8 leaves at the third, and not at the second', () => {
  const nine = addresses(9)
  const { book } = play(windows(nine, 6, 0))
  assert.deepEqual(membersOf(book), [...nine].sort())
  const without = nine.slice(1)
  const two = play([without, without], book)
  assert.deepEqual(two.removed, [])
  assert.deepEqual(play([without], two.book).removed, ['10.0.0.1'])
  assert.deepEqual(play([nine.slice(0, 8), without, without], two.book).removed, [])
})

test('A whole answer settles what partial ones have begun, so a newcomer after it counts', () => {
  const eight = addresses(8)
  const whole = eight.slice(0, 5)
  const begun = play([eight])
  assert.equal(begun.book?.settling, confirmations)
  assert.deepEqual(play([['x', ...eight.slice(1)]], begun.book).added, [], 'it may have been there all along')
  const { book } = play([whole], begun.book)
  assert.equal(book?.settling, 0)
  assert.deepEqual(play([[...whole, 'x']], book).added, ['x'])
})

test('An empty answer where there was one is believed when it comes three times in a row', () => {
  const { book } = play([['a']])
  assert.deepEqual(play([[], []], book).removed, [])
  assert.deepEqual(play([[], [], ['a'], [], []], book), { book: play([['a'], [], []]).book, ...unchanged })
  const gone = play([[], [], []], book)
  assert.deepEqual(gone.removed, ['a'])
  assert.deepEqual(play([['b']], gone.book).added, ['b'])
})

test('An empty baseline stays empty without a change, and the first member counts', () => {
  const { book } = play([[], [], [], []])
  assert.deepEqual(membersOf(book), [])
  assert.deepEqual(play([['a']], book).added, ['a'])
})

test('A book survives JSON', () => {
  const { book } = play(windows(addresses(12), 2, 0))
  assert.deepEqual(JSON.parse(JSON.stringify(book)), book)
})

// Rules of meaning 1 and 2: failures never reach the step, so leaving them out of the sequence plays them.
const fairSet = fc.integer({ min: answerLimit + 1, max: 3 * answerLimit }).map(addresses)
const smallSet = fc.uniqueArray(fc.ipV4(), { minLength: 1, maxLength: answerLimit - 1 })

test('No sequence of rotations, duplicates and failures makes a change of a small set', () => {
  const play1 = fc.array(fc.record({ by: fc.nat(7), twice: fc.boolean(), fails: fc.boolean() }), { maxLength: 30 })
  fc.assert(
    fc.property(smallSet, play1, (set, turns) => {
      const answers = turns
        .filter(({ fails }) => !fails)
        .map(({ by, twice }) => {
          const turned = [...set.slice(by % set.length), ...set.slice(0, by % set.length)]
          return twice ? [...turned, ...turned] : turned
        })
      assert.deepEqual(changes(play([set, ...answers])), unchanged)
    }),
  )
})

test('No sequence of fair windows on a set over 8 makes a change, nor do one or two empty answers between', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: confirmations - 1 }), { minLength: 30, maxLength: 30 })
  fc.assert(
    fc.property(fairSet, fc.nat(23), gaps, fc.boolean(), (set, offset, empties, shuffled) => {
      const answers = windows(set, 30, offset).map((answer) => (shuffled ? answer.toReversed() : answer))
      const sequence = answers.flatMap((answer, index) => [answer, ...Array<string[]>(empties[index] ?? 0).fill([])])
      const played = play(sequence)
      assert.deepEqual(changes(played), unchanged)
      assert.deepEqual(membersOf(played.book), [...set].sort())
    }),
  )
})

test('Windows in any order, each member in any 3 answers in a row, make no change', () => {
  const choices = fc.array(fc.array(fc.nat(100), { minLength: 24, maxLength: 24 }), { minLength: 6, maxLength: 25 })
  fc.assert(
    fc.property(fairSet, choices, (set, weights) => {
      // Those that waited longest come first, chance decides among the rest: fair, and in no pattern.
      const missed = new Map(set.map((member) => [member, 0]))
      const answers = weights.map((weight) => {
        const rank = (member: string, index: number) => (missed.get(member) ?? 0) * 1000 + (weight[index] ?? 0)
        const ranked = set.map((member, index) => ({ member, rank: rank(member, index) }))
        const chosen = ranked.sort((a, b) => b.rank - a.rank).slice(0, answerLimit)
        const answer = chosen.map(({ member }) => member)
        for (const member of set) missed.set(member, answer.includes(member) ? 0 : (missed.get(member) ?? 0) + 1)
        return answer
      })
      assert.deepEqual(changes(play(answers)), unchanged)
    }),
  )
})

test('Any real removal is seen within 3 good answers, and where each answer is whole nothing else leaves', () => {
  fc.assert(
    fc.property(fc.oneof(smallSet, fairSet), fc.nat(23), fc.nat(23), fc.nat(23), (set, before, pick, after) => {
      const answersOf = (members: readonly string[], count: number, offset: number) =>
        members.length > answerLimit ? windows(members, count, offset) : Array<readonly string[]>(count).fill(members)
      const leaver = set[pick % set.length] ?? ''
      const rest = set.filter((member) => member !== leaver)
      const settled = play(answersOf(set, 8, before))
      assert.deepEqual(membersOf(settled.book), [...set].sort())
      const played = play(answersOf(rest, confirmations, after), settled.book)
      assert.ok(played.removed.includes(leaver))
      assert.ok(!membersOf(played.book).includes(leaver))
      if (rest.length <= answerLimit) assert.deepEqual(played.removed, [leaver])
    }),
  )
})
