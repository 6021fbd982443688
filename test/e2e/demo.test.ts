import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { canPage } from '../lab/demo/pager.ts'
import { stolenTime } from '../stolen-time.ts'
import { until } from '../until.ts'

const program = fileURLToPath(new URL('../lab/demo.ts', import.meta.url))

/** Until a demo has ended that does. */
const endMs = 180_000

interface Demo {
  readonly child: ChildProcess
  /** Temporary folders of the demo are made in here. */
  readonly folder: string
  output(): string
  /** Resolves with the first match in the output. */
  prints(pattern: RegExp): Promise<RegExpExecArray>
}

async function startDemo(t: TestContext, ...flags: readonly string[]): Promise<Demo> {
  const folder = await mkdtemp(join(tmpdir(), 'demo-test-'))
  const env = { PATH: process.env.PATH, TMPDIR: folder }
  const child = spawn(process.execPath, [program, ...flags], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk))
  t.after(async () => {
    child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  const prints = async (pattern: RegExp) => {
    const printed = () => pattern.test(text) || child.exitCode !== null
    await until(`it prints ${pattern}`, printed, { limitMs: endMs, everyMs: 20 })
    const match = pattern.exec(text)
    assert.ok(match !== null, `it ended without printing ${pattern}:\n${text}`)
    return match
  }
  return { child, folder, output: () => text, prints }
}

async function exitCode({ child }: Demo): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    await once(child, 'exit', { signal: AbortSignal.timeout(endMs) })
  }
  return child.exitCode
}

/** The exporter of the demo is gone, and so is what it wrote. */
async function assertNothingLeft(demo: Demo, url: string): Promise<void> {
  await assert.rejects(fetch(url))
  assert.deepEqual(await readdir(demo.folder), [])
}

describe('the demo', { concurrency: 2 }, () => {
  it('tells where to look, what happens, what was seen how soon, and how to begin with a real cluster', async (t) => {
    const demo = await startDemo(t, '--scenario', 'http2-flap', '--scale', '15')
    const [, url = ''] = await demo.prints(/metrics +(http:\/\/127\.0\.0\.1:\d+\/metrics)\n/)
    assert.equal((await fetch(url)).status, 200)
    assert.equal(await exitCode(demo), 0, demo.output())
    const output = demo.output()
    for (const expected of [
      /^ +1\.3s +0:20 +lab +10\.0\.1\.12 leaves DNS$/m,
      // It dies 0.7 s of play after it left, within one interval of the schedule: whichever of the two is seen first.
      /metrics +elbchurn_elb_address_info\{address="10\.0\.1\.12",state="(retired|dead)"\} +1$/m,
      /metrics +elbchurn_nodes_not_ready_ratio +0\.\d+ -> 0$/m,
      /^What was seen$/m,
      /10\.0\.1\.12 left DNS +at +0:20 +on \/metrics after \d+\.\d s$/m,
      /^ +\d+\.\ds +\d:\d\d +pager +PAGE prod-us-west-2: k8s-api lost 10\.0\.1\.12, \d of 12 nodes stranded$/m,
      /^ {26}Left load balancer k8s-api \(UTC\): 10\.0\.1\.12 at \d\d:\d\d:\d\d\.$/m,
      /pager +\[RESOLVED\] prod-us-west-2: k8s-api lost 10\.0\.1\.12/,
      /^ +paged at \d:\d\d, resolved at \d:\d\d$/m,
      /50 % of the nodes NotReady +at +1:10 +on \/metrics after \d+\.\d s$/m,
      /all nodes Ready again +at +2:11 +on \/metrics after \d+\.\d s$/m,
      /npm start -- --config\.file=config\.yaml/,
    ]) {
      assert.match(output, expected)
    }
    assert.ok(!output.includes('\u001b'), 'no colours where stdout is no terminal')
    await assertNothingLeft(demo, url)
  })

  it('goes on without Prometheus and Alertmanager, and says what is missing', async (t) => {
    const empty = await mkdtemp(join(tmpdir(), 'demo-test-'))
    t.after(() => rm(empty, { recursive: true, force: true }))
    const offline = async () => {
      throw new Error('no mirror')
    }
    const said: string[] = []
    const options = { path: empty, cache: empty, fetch: offline }
    assert.equal(await canPage((line) => said.push(line), new AbortController().signal, options), false)
    assert.match(
      said.at(-1) ?? '',
      /^No page will come: prometheus 3\.5 and prometheus-alertmanager 0\.33 are not on PATH/,
    )

    const demo = await startDemo(t, '--no-page', '--scenario', 'scale-up', '--scale', '20')
    assert.equal(await exitCode(demo), 0, demo.output())
    assert.doesNotMatch(demo.output(), /pager|paged|alerts/)
  })

  it('ends within seconds on Ctrl-C in the middle of the story and leaves nothing running', async (t) => {
    const demo = await startDemo(t)
    const [, url = ''] = await demo.prints(/metrics +(http:\/\/127\.0\.0\.1:\d+\/metrics)\n/)
    await demo.prints(/leaves DNS/)
    using stolen = stolenTime()
    const since = performance.now()
    demo.child.kill('SIGINT')
    assert.equal(await exitCode(demo), 130)
    assert.ok(performance.now() - since - stolen.msSince(since) < 5_000)
    assert.doesNotMatch(demo.output(), /What was seen|Error/)
    await assertNothingLeft(demo, url)
  })

  it('ends on Ctrl-C before the exporter is up', async (t) => {
    const demo = await startDemo(t)
    await until('it has begun', async () => (await readdir(demo.folder)).length > 0)
    demo.child.kill('SIGINT')
    assert.equal(await exitCode(demo), 130)
    assert.deepEqual(await readdir(demo.folder), [])
  })

  it('names the scenarios that there are where it is asked for another, and the faults of a file', async (t) => {
    const unknown = await startDemo(t, '--scenario', 'flood')
    assert.equal(await exitCode(unknown), 1)
    assert.match(unknown.output(), /^no scenario flood: there are dns-failover, http2-flap, outage, /)
    const broken = await startDemo(
      t,
      '--scenario',
      fileURLToPath(new URL('../testdata/config/good.yaml', import.meta.url)),
    )
    assert.equal(await exitCode(broken), 1)
    assert.match(broken.output(), /good\.yaml:\d+:\d+: name: is missing/)
  })
})
