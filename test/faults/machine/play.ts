/** What the plays of machine faults share. */
import type { TestContext } from 'node:test'
import type { Exporter, ExporterOptions, Metrics } from '../../e2e/exporter.ts'
import { World } from '../../e2e/world.ts'
import { lostTime } from '../../stolen-time.ts'

/** Makes the fault, asserts what is seen of it, ends it; resolves with the ms until all was well again. */
export type Play = (t: TestContext) => Promise<number>

export interface Subject {
  readonly world: World
  readonly exporter: Exporter
}

/** A world of two addresses and four nodes, and an exporter that has seen it. */
export async function startSubject(t: TestContext, options: ExporterOptions = {}): Promise<Subject> {
  const world = await World.start()
  t.after(() => world.close())
  const exporter = await world.exporter(options)
  await exporter.ready()
  await exporter.until(isWell, 'a healthy world', 30_000)
  return { world, exporter }
}

export function isWell(metrics: Metrics): boolean {
  const up = metrics.lines('collector_up')
  return up.length >= 4 && up.every((line) => line.endsWith(' 1')) && metrics.value('dns_answers') !== undefined
}

export interface Counts {
  readonly added: number | undefined
  readonly removed: number | undefined
  readonly answers: number | undefined
  readonly lost: number | undefined
}

/** All that counts changes. */
export function countsOf(metrics: Metrics): Counts {
  return {
    added: metrics.value('elb_address_changes_total', 'change="added"'),
    removed: metrics.value('elb_address_changes_total', 'change="removed"'),
    answers: metrics.value('dns_answer_changes_total'),
    lost: metrics.value('node_ready_transitions_total', 'to="unknown"'),
  }
}

export const noChange: Counts = { added: 0, removed: 0, answers: 0, lost: 0 }
/** One address was replaced by another. */
export const oneChange: Counts = { added: 1, removed: 1, answers: 1, lost: 0 }

export function sameCounts(metrics: Metrics, wanted: Counts): boolean {
  return JSON.stringify(countsOf(metrics)) === JSON.stringify(wanted)
}

/** In ms, without the time in which this process stood still, and with it the servers that the exporter asks. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  using lost = lostTime()
  const began = performance.now()
  await work()
  return performance.now() - began - lost.msSince(began)
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Resident memory of the process, in MB. */
export async function residentMb(exporter: Exporter): Promise<number> {
  const text = (await exporter.metrics()).text
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]) / 1e6
}
