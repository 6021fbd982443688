import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { failed, good, type Poll } from '../../../../exporter/core/poll.ts'
import type { NameAnswer } from '../../../../exporter/signals/elb/observation.ts'
import { graceMs, type Look, Questions } from '../../../../exporter/signals/elb/questions.ts'
import type { Answer, Question } from '../../../../exporter/sources/dns/client.ts'
import { ManualClock } from '../deps.ts'
import { World } from './world.ts'

const never = new AbortController().signal
const look: Look = { dnsName: 'lb.test', types: ['A'], resolvers: ['one'] }
const two: Look = { ...look, resolvers: ['one', 'two'] }

/** Queries that wait for the test to answer them. */
class Bench {
  readonly clock = new ManualClock()
  readonly asked: string[] = []
  readonly questions: Questions
  readonly #waiting = new Map<string, (poll: Poll<Answer>) => void>()

  constructor() {
    const resolve = ({ hostname }: Question, resolver: string) => {
      const answer = Promise.withResolvers<Poll<Answer>>()
      this.asked.push(`${hostname} ${resolver}`)
      this.#waiting.set(`${hostname} ${resolver}`, answer.resolve)
      return answer.promise
    }
    this.questions = new Questions({ clock: this.clock, dns: { resolve } })
  }

  async say(question: string, ...records: string[]): Promise<void> {
    this.#waiting.get(question)?.(good(this.clock.now(), { rcode: 'NOERROR', records, chain: [], server: 'x' }))
    await setImmediate()
  }

  async fail(question: string): Promise<void> {
    this.#waiting.get(question)?.(failed(this.clock.now(), 'timeout', 'silent'))
    await setImmediate()
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms)
    await setImmediate()
  }
}

function told(answers: readonly NameAnswer[]): string[] {
  return answers.map(({ resolver, wide, late, poll }) => {
    const said = poll.ok ? poll.snapshot.records.join() : poll.failure.message
    return `${resolver}${wide ? ' all' : ''}${late === true ? ' late' : ''}: ${said}`
  })
}

const noneYet = 'DNS query all.lb.test A by resolver one has no answer yet, others have'

describe('the questions for a load balancer', () => {
  it('wait half a second for a slow all. + name, and take its answer at the next look', async () => {
    const bench = new Bench()
    const first = bench.questions.ask(look, never)
    await bench.say('lb.test one', 'a')
    await bench.pass(graceMs)
    assert.deepEqual(told(await first), ['one: a', `one all: ${noneYet}`])
    const second = bench.questions.ask(look, never)
    assert.deepEqual(bench.asked, ['lb.test one', 'all.lb.test one', 'lb.test one'], 'not asked twice at a time')
    await bench.say('lb.test one', 'b')
    await bench.pass(graceMs)
    assert.deepEqual(told(await second), ['one: b', `one all: ${noneYet}`])
    await bench.say('all.lb.test one', 'a', 'c')
    const third = bench.questions.ask(look, never)
    await bench.say('lb.test one', 'b')
    await bench.pass(graceMs)
    assert.deepEqual(told(await third), ['one: b', 'one all late: a,c'])
  })

  it('end as soon as all have answered', async () => {
    const bench = new Bench()
    const asked = bench.questions.ask(look, never)
    await bench.say('lb.test one', 'a')
    await bench.say('all.lb.test one', 'a')
    assert.deepEqual(told(await asked), ['one: a', 'one all: a'])
  })

  it('wait for a resolver that is silent only while no other has answered', async () => {
    const bench = new Bench()
    const first = bench.questions.ask(two, never)
    for (const resolver of ['one', 'two']) await bench.say(`all.lb.test ${resolver}`)
    await bench.pass(10_000)
    await bench.say('lb.test two', 'a')
    await bench.pass(graceMs)
    const silent = 'one: DNS query lb.test A by resolver one has no answer yet, others have'
    assert.deepEqual(told(await first), [silent, 'two: a'])
    await bench.fail('lb.test one')
    const second = bench.questions.ask(two, never)
    await bench.say('lb.test two', 'a')
    await bench.pass(graceMs)
    assert.deepEqual(told(await second), ['one late: silent', 'two: a'])
  })

  it('ask an all. + name that keeps failing ever more rarely, unless the own name is full', async () => {
    const bench = new Bench()
    const round = async (...records: string[]) => {
      const asked = bench.questions.ask(look, never)
      await bench.say('lb.test one', ...records)
      await bench.fail('all.lb.test one')
      assert.match(told(await asked).join(), /one all: silent/)
      await bench.pass(5_000)
    }
    const wideAsked = () => bench.asked.filter((question) => question.startsWith('all.')).length
    for (let count = 0; count < 12; count += 1) await round('a')
    assert.equal(wideAsked(), 5, 'at 0, 5, 10, 25 and 55 s')
    const many = Array.from({ length: 8 }, (_, index) => `192.0.2.${index}`)
    await round(...many)
    for (let count = 0; count < 3; count += 1) await round(...many)
    assert.equal(wideAsked(), 8)
  })

  it('ask an all. + name that does not exist again at once when the own name is full, then every 20 s, and no more when it is not', async () => {
    const bench = new Bench()
    const wideAsked: number[] = []
    const round = async (...records: string[]) => {
      const before = bench.asked.length
      const asked = bench.questions.ask(look, never)
      if (bench.asked.slice(before).includes('all.lb.test one')) wideAsked.push(bench.clock.monotonic() / 1_000)
      await bench.say('all.lb.test one')
      await bench.say('lb.test one', ...records)
      await asked
      await bench.pass(5_000)
    }
    const begun = bench.clock.monotonic() / 1_000
    const full = Array.from({ length: 8 }, (_, index) => `192.0.2.${index}`)
    for (let count = 0; count < 4; count += 1) await round('a')
    for (let count = 0; count < 10; count += 1) await round(...full)
    for (let count = 0; count < 10; count += 1) await round('a')
    assert.deepEqual(
      wideAsked.map((second) => second - begun),
      [0, 25, 45, 65],
    )
  })

  it('ask an all. + name again soon where the own name was empty too', async () => {
    const bench = new Bench()
    const round = async (...records: string[]) => {
      const asked = bench.questions.ask(look, never)
      await bench.say('all.lb.test one')
      await bench.say('lb.test one', ...records)
      await asked
      await bench.pass(25_000)
    }
    await round()
    await round()
    await round('a')
    await round('a')
    assert.equal(bench.asked.filter((question) => question.startsWith('all.')).length, 3)
  })

  it('take nothing from a run that was broken off, nor from a name of earlier', async () => {
    const bench = new Bench()
    const aborter = new AbortController()
    const broken = bench.questions.ask(look, aborter.signal)
    aborter.abort()
    await bench.fail('lb.test one')
    await bench.say('all.lb.test one', 'x')
    await broken
    const first = bench.questions.ask(look, never)
    await bench.say('lb.test one', 'a')
    await bench.pass(graceMs)
    await first
    bench.questions.forget()
    await bench.say('all.lb.test one', 'old')
    const second = bench.questions.ask(look, never)
    await bench.say('lb.test one', 'a')
    await bench.pass(graceMs)
    assert.deepEqual(told(await second), ['one: a', `one all: ${noneYet}`])
  })
})

describe('a load balancer', () => {
  it('that grows past 8 addresses, and has its all. + name only then, loses none', async () => {
    await using world = await World.open()
    world.put('k8s-api')
    const all = Array.from({ length: 12 }, (_, index) => `10.0.0.${index + 10}`)
    world.dns.set('k8s-api.elb.test', all.slice(0, 4))
    await world.discover()
    await world.look()
    world.dns.set('all.k8s-api.elb.test', all)
    // The first 4 of them are not in the answers for 2 minutes.
    for (let count = 0; count < 24; count += 1) {
      world.dns.set('k8s-api.elb.test', all.slice(4))
      await world.look()
    }
    assert.deepEqual(
      world.memory.changes.flatMap(({ removed }) => removed),
      [],
    )
    assert.match((await world.series('elb_addresses')).join(), /source="dns"} 12/)
  })

  it('loses an address at the first look without it while all. + name is silent', async () => {
    await using world = await World.open()
    world.put('k8s-api')
    for (const name of ['k8s-api.elb.test', 'all.k8s-api.elb.test']) world.dns.set(name, ['10.0.0.1', '10.0.0.2'])
    await world.discover()
    world.dns.set('all.k8s-api.elb.test', 'hang')
    world.dns.set('k8s-api.elb.test', ['10.0.0.1'])
    const looking = world.look()
    await setImmediate()
    world.clock.advance(graceMs)
    assert.deepEqual(await looking, [])
    assert.deepEqual(
      world.memory.changes.map(({ removed }) => removed),
      [['10.0.0.2']],
    )
  })

  it('loses it within three looks while one of its resolvers is silent', async () => {
    await using world = await World.open({ resolvers: ['system', '127.0.0.1:53'] })
    world.put('k8s-api')
    world.dns.set('k8s-api.elb.test', ['10.0.0.1', '10.0.0.2'])
    await world.discover()
    world.dns.set('k8s-api.elb.test', 'hang', { resolver: '127.0.0.1:53' })
    world.dns.set('k8s-api.elb.test', ['10.0.0.1'], { resolver: 'system' })
    for (const expected of [0, 0, 1]) {
      const looking = world.look()
      await setImmediate()
      world.clock.advance(graceMs)
      await looking
      assert.equal(world.memory.changes.length, expected)
    }
  })
})
