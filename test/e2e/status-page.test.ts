/** The status page as people see it, in a real browser, before, during and after the outage. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { after, before, describe, it } from 'node:test'
import type { HTTPRequest, Page } from 'puppeteer-core'
import { Lab } from '../lab/lab.ts'
import { parseScenario } from '../lab/story/scenario.ts'
import { openBrowser } from '../pictures/browser.ts'
import { Exporter } from './exporter.ts'

const scale = 10
const agentNode = 'node-01'
const views = (['light', 'dark'] as const).flatMap((scheme) => [
  { name: `a phone, ${scheme}`, scheme, width: 360, height: 740 },
  { name: `a desktop, ${scheme}`, scheme, width: 1280, height: 800 },
])
const maxPageBytes = 100 * 1024
const maxFirstPaintMs = 100
/** A budget, not a benchmark: the best of these counts, since other programs may have the processor during some. */
const loads = 20

/** The outage begins soon and lasts for 90 s of play. A caching resolver lags behind, so that the resolvers differ. */
const story = `
name: outage
description: An address leaves DNS and dies; half of the kubelets hang on it.
length: 18m
defaults:
  nodes: 12
  load_balancer:
    addresses:
      - {address: 10.0.1.12, zone: us-west-2a}
      - {address: 10.0.2.34, zone: us-west-2b}
steps:
  - {at: 5s, do: resolver_lags, for: 17m}
  - {at: 10s, do: address_leaves, address: 10.0.1.12}
  - {at: 20s, do: address_dies, address: 10.0.1.12}`

interface Opened {
  readonly page: Page
  readonly requests: HTTPRequest[]
  /** Violations of the policy, errors of scripts, and what the console said. */
  readonly faults: string[]
}

describe('the status page in a browser', () => {
  let lab: Lab
  let exporter: Exporter
  let agent: Exporter
  let opened: Awaited<ReturnType<typeof openBrowser>>
  let axe: string

  before(async () => {
    const scenario = parseScenario(story, 'outage')
    lab = await Lab.start({ scenario, scale, agents: [agentNode] })
    // One after the other: what has started is ended also where the next one does not start.
    exporter = await Exporter.start({ config: lab.config(), env: lab.env })
    agent = await Exporter.start({ config: lab.agentConfig(agentNode) })
    opened = await openBrowser()
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    await Promise.all([exporter.ready(), agent.ready()])
  })

  after(async () => {
    await opened?.[Symbol.asyncDispose]()
    await Promise.all([exporter?.stop(), agent?.stop()])
    await lab?.close()
  })

  async function open(path = '/', { width = 1280, height = 800, scheme = 'light' } = {}): Promise<Opened> {
    const page = await opened.browser.newPage()
    const requests: HTTPRequest[] = []
    const faults: string[] = []
    page.on('request', (request) => requests.push(request))
    page.on('pageerror', (error) => faults.push(String(error)))
    page.on('console', (message) => faults.push(message.text()))
    await page.exposeFunction('tellViolation', (words: string) => faults.push(words))
    await page.evaluateOnNewDocument(
      "addEventListener('securitypolicyviolation', (event) => tellViolation(event.violatedDirective + ' ' + event.blockedURI))",
    )
    await page.setViewport({ width, height })
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
    await page.goto(exporter.url + path, { waitUntil: 'networkidle0', timeout: 30_000 })
    return { page, requests, faults }
  }

  const text = async (page: Page) => String(await page.evaluate('document.body.innerText'))

  /** As if the reader came back to the tab: the page asks at once. */
  const askNow = (page: Page) => page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

  async function seen(page: Page, pattern: RegExp, limitMs = 30_000): Promise<string> {
    const deadline = Date.now() + limitMs
    for (;;) {
      const words = await text(page)
      if (pattern.test(words)) return words
      assert.ok(Date.now() < deadline, `${pattern} is not seen within ${limitMs} ms:\n${words}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  it('is calm before the outage, and follows it without being loaded anew', async () => {
    const { page } = await open()
    const calm = await text(page)
    assert.match(calm, /Quiet all 12 nodes ready, 2 addresses in service, resolvers agree/)
    await page.evaluate('globalThis.loadedOnce = true')
    void lab.play()
    await seen(page, /(retired left DNS|dead interface deleted)[\s\S]*k8s-api lost 10\.0\.1\.12/)
    await seen(page, /Nodes stranded\s+6 of 12 nodes not ready \(50 %\)/)
    assert.equal(await page.evaluate('globalThis.loadedOnce'), true)
    await page.close()
  })

  it('is small, and painted at once', async () => {
    const { page, requests } = await open()
    const bodies = await Promise.all(requests.map(async (request) => (await request.response()?.buffer())?.length ?? 0))
    const bytes = bodies.reduce((sum, length) => sum + length, 0)
    assert.ok(requests.length >= 3 && bytes < maxPageBytes, `${bytes} bytes in ${requests.length} requests`)
    const paints: number[] = []
    for (let load = 0; load < loads && !paints.some((ms) => ms < maxFirstPaintMs); load += 1) {
      await page.reload({ waitUntil: 'load' })
      await page.waitForFunction("performance.getEntriesByName('first-contentful-paint').length > 0")
      paints.push(Number(await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")))
    }
    assert.ok(Math.min(...paints) < maxFirstPaintMs, `first paints after ${paints.join(', ')} ms`)
    await page.close()
  })

  describe('while the outage goes on', { concurrency: 4 }, () => {
    for (const { name, ...view } of views) {
      it(`tells the outage on ${name}, without a fault for those who cannot see it`, async () => {
        const { page, requests, faults } = await open('/', view)
        const words = await text(page)
        assert.match(words, /Nodes stranded\s+6 of 12 nodes not ready \(50 %\)[\s\S]*k8s-api lost 10\.0\.1\.12/)
        assert.match(words, /resolvers differ/)
        assert.match(words, /10\.0\.1\.12 differs/)
        assert.match(words, /NodeStatusUnknown/)
        const wide = await page.evaluate('document.documentElement.scrollWidth')
        assert.equal(wide, view.width, 'the page is as wide as the screen')
        const schemes = await page.evaluate('getComputedStyle(document.body).backgroundColor')
        assert.equal(schemes, view.scheme === 'dark' ? 'rgb(16, 20, 23)' : 'rgb(250, 250, 248)')
        assert.deepEqual(faults, [])
        assert.deepEqual([...new Set(requests.map((request) => new URL(request.url()).origin))], [exporter.url])
        assert.deepEqual(await axeFaults(page), [])
        await page.close()
      })
    }

    it('works without JavaScript: all is there, and the browser asks again by itself', async () => {
      const page = await opened.browser.newPage()
      await page.setJavaScriptEnabled(false)
      await page.goto(exporter.url, { waitUntil: 'networkidle0' })
      const words = await text(page)
      assert.match(words, /Nodes stranded[\s\S]*10\.0\.1\.12[\s\S]*Last changes/)
      assert.doesNotMatch(words, /Pause|Live/)
      const refresh = await page.$$eval('noscript meta[http-equiv=refresh]', (found) => found.length)
      assert.equal(refresh, 1)
      await page.close()
    })

    it('shows on a node which connections stall', async () => {
      const { page } = await open(undefined)
      await page.goto(agent.url, { waitUntil: 'networkidle0' })
      const words = await seen(page, /Connections stall/)
      // It counts as active: the resolver that lags behind still gives it.
      assert.match(words, /10\.0\.1\.12 api\.prod\.example\.com\s+active\s+1\s+1/)
      await page.close()
    })

    it('links each collector to what it asked, got and decided last, as a page and as JSON', async () => {
      const { page, requests, faults } = await open('/', { width: 360, height: 740 })
      const links = await page.$$eval('.fresh a', (found) => found.map((link) => link.getAttribute('href') ?? ''))
      assert.equal(links.length, 4)
      for (const link of links) {
        await page.goto(`${exporter.url}/${link}`, { waitUntil: 'load' })
        assert.match(await text(page), /Asked[\s\S]*Came[\s\S]*Decided/i)
        assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360)
        assert.deepEqual(await axeFaults(page), [])
      }
      assert.deepEqual(faults, [])
      assert.deepEqual([...new Set(requests.map((request) => new URL(request.url()).origin))], [exporter.url])
      await page.close()
      const said = await Promise.all(
        links.map(async (link) => await (await exporter.get(`/${link}&format=json`)).text()),
      )
      const [balancers, dns, nodes, heartbeats] = said
      assert.match(balancers ?? '', /"elb DescribeLoadBalancers: OK"[\s\S]*"decided":"watched: k8s-api"/)
      assert.match(
        balancers ?? '',
        /A at 127\.0\.0\.1:\d+: NOERROR from 127\.0\.0\.1:\d+: 10\.0\.2\.34, TTL 60 s[\s\S]*no change: 1 known/,
      )
      assert.match(
        dns ?? '',
        /"asked":"api\.prod\.example\.com A at resolver 127\.0\.0\.1:\d+"[\s\S]*NOERROR in [\d.]+ ms/,
      )
      assert.match(
        nodes ?? '',
        /list of nodes from https[\s\S]*12 nodes in \d+ ms[\s\S]*modified node-0\d: Ready unknown \(NodeStatusUnknown\)[\s\S]*6 of 12 not ready/i,
      )
      assert.match(heartbeats ?? '', /12 leases[\s\S]*12 nodes should renew a lease[\s\S]*later than/)
      assert.doesNotMatch(said.join(), /lab-secret-key|lab-bearer-token/)
      const connections = await (
        await agent.get('/debug/poll?cluster=prod-us-west-2&collector=connections&format=json')
      ).text()
      assert.match(connections, /10\.0\.1\.12: 1 open, 1 stalled[\s\S]*1 to active addresses, 1 of them stalled/)
      const unknown = await exporter.get('/debug/poll?cluster=<b>&collector=x')
      assert.equal(unknown.status, 404)
      assert.match(await unknown.text(), /There is no such collector[\s\S]*cluster=prod-us-west-2&amp;collector=dns/)
    })

    it('lets nothing in from elsewhere, and lets browsers keep style and script for ever', async () => {
      const page = await exporter.get('/')
      const policy = page.headers.get('content-security-policy') ?? ''
      for (const part of [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
      ])
        assert.ok(policy.split('; ').includes(part), part)
      assert.doesNotMatch(policy, /unsafe|http:|https:|\*|data:/)
      assert.equal(page.headers.get('x-content-type-options'), 'nosniff')
      assert.equal(page.headers.get('referrer-policy'), 'no-referrer')
      const paths = [...(await page.text()).matchAll(/"(assets\/[^"]+)"/g)].map(([, path]) => path ?? '')
      assert.equal(paths.length, 3)
      for (const path of paths) {
        const asset = await exporter.get(`/${path}`)
        assert.equal(asset.headers.get('cache-control'), 'public, max-age=31536000, immutable')
        const etag = asset.headers.get('etag') ?? ''
        assert.equal((await exporter.get(`/${path}`, { headers: { 'if-none-match': etag } })).status, 304)
        assert.equal((await exporter.get(`/${path.replace(/assets\/\w+/, 'assets/000000000000')}`)).status, 404)
      }
    })
  })

  it('changes in place: what the reader closed, focused, selected and scrolled to stays', async () => {
    const { page } = await open('/', { width: 360, height: 740 })
    const state = `(() => {
      const box = document.querySelector('.addresses details')
      return { same: box === globalThis.box, open: box.open, focused: document.activeElement === box.querySelector('summary'),
        scroll: scrollY, selected: String(getSelection()), asOf: document.querySelector('#state time').textContent }
    })()`
    await page.evaluate(`
      globalThis.box = document.querySelector('.addresses details')
      box.open = false
      box.querySelector('summary').focus()
      scrollTo(0, 321)
      getSelection().selectAllChildren(document.querySelector('.nodes tbody td'))`)
    const first = (await page.evaluate(state)) as { asOf: string; selected: string }
    assert.match(first.selected, /^node-/)
    // By its own timer.
    await page.waitForFunction(`document.querySelector('#state time').textContent !== '${first.asOf}'`, {
      timeout: 30_000,
      polling: 200,
    })
    const { asOf, ...later } = (await page.evaluate(state)) as { asOf: string }
    assert.deepEqual(later, { same: true, open: false, focused: true, scroll: 321, selected: first.selected })
    assert.notEqual(asOf, first.asOf)
    await page.close()
  })

  it('asks for nothing while nobody looks or the reader has paused it', async () => {
    const [hidden, paused] = await Promise.all([open(), open()])
    await hidden.page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    await askNow(hidden.page)
    await paused.page.click('#pause')
    const counts = () => [hidden.requests.length, paused.requests.length]
    const before = counts()
    await new Promise((resolve) => setTimeout(resolve, 6_000))
    assert.deepEqual(counts(), before)
    assert.match(await text(paused.page), /Paused/)
    await paused.page.click('#pause')
    await paused.page.waitForFunction("document.querySelector('#live').textContent === 'Live'", {
      timeout: 30_000,
      polling: 200,
    })
    await Promise.all([hidden.page.close(), paused.page.close()])
  })

  it('says that what it shows is old while the exporter is silent, and goes on when it is back', async () => {
    const { page } = await open()
    exporter.signal('SIGSTOP')
    try {
      await askNow(page)
      const words = await seen(page, /The exporter is unreachable for \d+ s\. What you see is that old\./)
      assert.match(words, /Nodes stranded/)
    } finally {
      exporter.signal('SIGCONT')
    }
    await askNow(page)
    await page.waitForFunction("document.querySelector('#live').textContent === 'Live'", {
      timeout: 30_000,
      polling: 200,
    })
    await page.close()
  })

  it('says when all nodes are back, and keeps the outage in its picture', async () => {
    const { page } = await open()
    const { cluster } = lab.stage.kubernetes
    for (const { name } of lab.world.kubelets.values()) {
      cluster.releaseLease(name)
      cluster.setReady(name, 'True')
    }
    const words = await seen(page, /All 12 nodes ready\./)
    assert.match(words, /became ready; now 0 of 12 are not ready/)
    assert.match(String(await page.$eval('.timeline path.ratio', (path) => path.getAttribute('d'))), /^M[\d.]+,100V50H/)
    await page.close()
  })

  async function axeFaults(page: Page): Promise<string[]> {
    await page.evaluate(axe)
    const found = (await page.evaluate('axe.run()')) as {
      violations: { id: string; impact: string; nodes: { html: string }[] }[]
      passes: unknown[]
    }
    assert.ok(found.passes.length > 10, 'axe has looked')
    return found.violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
  }
})
