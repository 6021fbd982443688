/** What watching load balancers costs: calls to AWS, the time of a run, and memory, and how they grow with their number. */
import type { Exporter } from '../../e2e/exporter.ts'
import { LabAws, type LabLoadBalancer } from '../../lab/aws-server.ts'
import { startKnot } from '../../lab/knot.ts'
import { burst, type Calls, callsPerDay, elbBucket, shareOfLimit, total } from '../aws-day.ts'
import { cpuSeconds, resident } from '../measured.ts'
import { type Part, type PartDeps, pause } from '../part.ts'
import type { Row } from '../report.ts'
import { growthExponent } from '../statistics.ts'

const sizes = [10, 400, 2_000]
const zone = 'elb.example'
const addressesEach = 3
/** Of what AWS lets through for the account, which others use too. */
const shareGoal = 50
/** What grows in proportion has 1; the rest is for the noise. */
const growthGoal = 1.1
/** The share of a run in its schedule that leaves room for the answers of an AWS that is far away. */
const runGoalSeconds = 15
const runLimitMs = 30_000
const operations = [
  'elb:DescribeLoadBalancers',
  'elbv2:DescribeLoadBalancers',
  'elb:DescribeTags',
  'elbv2:DescribeTags',
  'elb:DescribeInstanceHealth',
  'ec2:DescribeNetworkInterfaces',
] as const

export const loadBalancersPart: Part = {
  name: 'load-balancers',
  limitMs: 120_000,
  async run(deps) {
    const measured: Measured[] = []
    for (const size of sizes) measured.push(await measure(size, deps))
    return [...measured.flatMap(({ rows }) => rows), ...growth(measured)]
  },
}

interface Measured {
  readonly size: number
  readonly perDay: number
  readonly seconds: number
  readonly residentMb: number
  readonly rows: readonly Row[]
}

/** One run of discovery: what AWS was asked, and how long it took. */
interface Run {
  readonly started: string
  readonly seconds: number
  readonly calls: Calls
}

async function measure(size: number, { subject, say }: PartDeps): Promise<Measured> {
  say(`${size} load balancers of ${addressesEach} addresses, a first run and a later one`)
  const aws = await LabAws.start()
  aws.put(...Array.from({ length: size }, (_, index) => loadBalancer(index)))
  const knot = await startKnot(zone, records(size))
  const account = { region: 'us-west-2', endpoint: aws.endpoint, resolvers: [knot.address], interfaces: true }
  const watched = { ...account, tags: { KubernetesCluster: 'bench' }, types: ['classic', 'network'] }
  const config = {
    // More often than by default, so that the bench need not wait: what one run asks stays the same.
    schedules: { load_balancers: '*/5 * * * * *' },
    clusters: [{ name: 'bench', load_balancers: [watched] }],
  }
  const env = { AWS_ACCESS_KEY_ID: 'lab', AWS_SECRET_ACCESS_KEY: 'lab-secret-key' }
  const exporter = await subject.start(config, { monitored: false, env })
  try {
    const cpuBefore = await cpuSeconds(exporter.pid)
    const first = await nextRun(exporter, aws, '')
    const cpu = (await cpuSeconds(exporter.pid)) - cpuBefore
    const later = await nextRun(exporter, aws, first.started)
    await allWatched(exporter, size)
    return report(size, { first, later, cpu, residentMb: (await resident(exporter.pid)).nowMb })
  } finally {
    await exporter.stop()
    await knot.stop()
    await aws.close()
  }
}

/** The run that ends after the one that began at `before`, and the calls since that one ended. Throws where it failed. */
async function nextRun(exporter: Exporter, aws: LabAws, before: string): Promise<Run> {
  const deadline = Date.now() + runLimitMs
  for (;;) {
    const last = await lastRun(exporter)
    if (last !== undefined && last.started !== before) {
      const calls = new Map(operations.map((operation) => [operation, aws.calls(operation)]))
      if (total(calls) !== aws.calls()) throw new Error('AWS was asked for something that the bench does not count')
      aws.resetCalls()
      if (last.failures.length > 0) throw new Error(`a run failed: ${JSON.stringify(last.failures)}`)
      return { started: last.started, seconds: last.milliseconds / 1_000, calls }
    }
    if (Date.now() > deadline) throw new Error(`no run ended within ${runLimitMs} ms`)
    await pause(20)
  }
}

interface Told {
  readonly started: string
  readonly milliseconds: number
  readonly failures: readonly unknown[]
}

/** From /debug/poll, since the histogram of the exporter has the DNS looks of this collector in it too. */
async function lastRun(exporter: Exporter): Promise<Told | undefined> {
  const reply = await exporter.get('/debug/poll?cluster=bench&collector=load_balancers&format=json')
  const { data }: { data: { tasks: { task: string; last: Told | null }[] } } = JSON.parse(await reply.text())
  return data.tasks.find(({ task }) => task === 'discovery')?.last ?? undefined
}

/** Figures of a run that did not see everything would be worth nothing. */
async function allWatched(exporter: Exporter, size: number): Promise<void> {
  const limitMs = 15_000
  const addresses = (lines: readonly string[]) => lines.filter((line) => line.includes('state="active"')).length
  await exporter.until(
    (now) =>
      now.lines('elb_info{').length === size &&
      addresses(now.lines('elb_address_info{')) === size * addressesEach &&
      now.value('collector_up', 'collector="load_balancers"') === 1,
    `${size} load balancers with ${addressesEach} active addresses each`,
    limitMs,
  )
}

function report(
  size: number,
  { first, later, cpu, residentMb }: { first: Run; later: Run; cpu: number; residentMb: number },
): Measured {
  const day = callsPerDay(first.calls, later.calls)
  const perDay = total(day)
  const row = (name: string, value: number, unit: string, against?: Row['against']): Row => ({
    part: 'load-balancers',
    name: `${size.toLocaleString('en')}: ${name}`,
    value,
    unit,
    ...(against === undefined ? {} : { against }),
  })
  const atMost = (value: number) => ({ kind: 'at_most' as const, value })
  const atOnce = Math.max(burst(first.calls, later.calls, 'elb'), burst(first.calls, later.calls, 'elbv2'))
  const rows = [
    row('AWS calls of the first run, tags included', total(first.calls), ''),
    row('AWS calls of a later run', total(later.calls), ''),
    row('of one run to one ELB API, tags due (peer: calls that AWS lets through at once)', atOnce, '', {
      kind: 'peer',
      name: 'bucket',
      value: elbBucket,
    }),
    row('AWS calls a day by default, none of them charged', perDay, ''),
    row('share of the documented rate, the busiest API', shareOfLimit(day) * 100, '%', atMost(shareGoal)),
    row('first run', first.seconds, 's', atMost(runGoalSeconds)),
    row('a later run', later.seconds, 's', atMost(runGoalSeconds)),
    row('CPU until the first run has ended', cpu, 's'),
    row('resident', residentMb, 'MB'),
  ]
  return { size, perDay, seconds: later.seconds, residentMb, rows }
}

function growth(measured: readonly Measured[]): Row[] {
  const exponent = (name: string, of: (at: Measured) => number): Row => ({
    part: 'load-balancers',
    name: `growth of ${name}, 1 = in proportion`,
    value: growthExponent(measured.map((at) => [at.size, of(at)])),
    unit: '',
    against: { kind: 'at_most', value: growthGoal },
  })
  return [
    exponent('calls a day', ({ perDay }) => perDay),
    exponent('the time of a later run', ({ seconds }) => seconds),
    exponent('resident memory', ({ residentMb }) => residentMb),
  ]
}

/** Classic and network load balancers in turns, since each has an API of its own. */
function loadBalancer(index: number): LabLoadBalancer {
  return {
    name: `lb-${index}`,
    type: index % 2 === 0 ? 'classic' : 'network',
    scheme: 'internal',
    dnsName: dnsName(index),
    tags: { KubernetesCluster: 'bench' },
    instances: [0, 1, 2].map((master) => ({ id: `i-${index}-${master}`, state: 'InService' })),
    interfaces: addresses(index).map((address, at) => ({ address, zone: `us-west-2${'abc'[at]}` })),
  }
}

function dnsName(index: number): string {
  return `lb-${index}.${zone}`
}

function addresses(index: number): string[] {
  return Array.from({ length: addressesEach }, (_, at) => `10.${index >> 8}.${index & 255}.${at + 1}`)
}

/** As AWS has them: `all.` in front of the name gives every address too. */
function records(count: number): string[] {
  return Array.from({ length: count }, (_, index) => [dnsName(index), `all.${dnsName(index)}`]).flatMap(
    (names, index) => names.flatMap((name) => addresses(index).map((address) => `${name}. 60 IN A ${address}`)),
  )
}
