/**
 * The changes as marks in lanes, and below them, over the same time axis, the NotReady ratio. Places are percentages of the
 * width, so that text keeps its size on a phone, and attributes, since the page's policy allows no style in an element.
 */
import type { ChangeEvent } from '../../service/changes.ts'
import { type Html, html } from '../html.ts'
import { type Axis, chooseAxis, place, thin, ticks } from './axis.ts'
import { timeMs } from './fields.ts'
import type { ClusterModel } from './model.ts'
import { clockTime, cut, percent, plural } from './words.ts'

const laneHeight = 22
const plotHeight = 84
/** Between the lanes and the ratio. */
const gapHeight = 8
const axisHeight = 20
const marksPerLane = 40
const messagesPerMark = 3
/** Marks of one lane that are nearer than this share of the width are drawn as one. */
const nearest = 1.2

interface Lane {
  readonly name: string
  readonly kinds: readonly ChangeEvent['kind'][]
  readonly collectors: readonly string[]
}

const lanes: readonly Lane[] = [
  { name: 'Addresses', kinds: ['elb_addresses', 'load_balancer'], collectors: ['load_balancers'] },
  { name: 'Answers', kinds: ['dns_answer'], collectors: ['dns'] },
  { name: 'Nodes', kinds: ['node_readiness'], collectors: ['nodes'] },
]

export function timeline(cluster: ClusterModel, nowMs: number): Html | undefined {
  const { changes, ratios, collectors } = cluster
  const names = new Set(collectors.map(({ name }) => name))
  const own = lanes.filter((lane) => lane.collectors.some((name) => names.has(name)))
  if (own.length === 0) return undefined
  const axis = chooseAxis(changes, ratios, nowMs)
  const seen = changes.filter(({ time }) => (timeMs(time) ?? 0) >= axis.fromMs)
  const plotted = names.has('nodes')
  if (!plotted && seen.length === 0) return undefined
  const top = own.length * laneHeight + gapHeight
  const height = top + (plotted ? plotHeight : 0) + axisHeight
  return html`<figure class="timeline" data-key="timeline">
<div class="gutter" aria-hidden="true">${own.map(({ name }) => html`<span class="lane">${name}</span>`)}${
    plotted ? html`<span class="plot"><i>100 %</i><b>Not ready</b><i>0 %</i></span>` : undefined
  }</div>
<svg role="img" width="100%" height="${height}" aria-label="${summary(cluster, axis, seen)}">
${gridLines(axis, height - axisHeight, nowMs)}
${own.map((_, index) => html`<line class="rule" x1="0" x2="100%" y1="${(index + 1) * laneHeight}" y2="${(index + 1) * laneHeight}"/>`)}
${plotted ? ratioArea(cluster, axis, top) : undefined}
${own.flatMap((lane, index) => laneMarks(lane, seen, axis, index * laneHeight + laneHeight / 2, height - axisHeight))}
</svg>
<figcaption class="dim small">${legend(seen)}Times are UTC.</figcaption></figure>`
}

function summary({ nodes, ratios }: ClusterModel, axis: Axis, seen: readonly ChangeEvent[]): string {
  const from = clockTime(axis.fromMs, axis.toMs)
  const most = Math.max(0, ...ratios.filter(({ toMs }) => toMs >= axis.fromMs).map(({ ratio }) => ratio))
  const ratio = nodes === undefined ? '' : ` Not ready: at most ${percent(most)}.`
  return `From ${from} to ${clockTime(axis.toMs, axis.toMs)} UTC: ${plural(seen.length, 'change')}.${ratio} The list below tells them in words.`
}

function gridLines(axis: Axis, bottom: number, nowMs: number): Html[] {
  return ticks(axis).map((atMs) => {
    const at = place(axis, atMs)
    return html`<line class="grid" x1="${at}%" x2="${at}%" y1="0" y2="${bottom}"/><text class="tick" x="${at}%" y="${bottom + 14}" text-anchor="middle">${clockTime(atMs, nowMs).slice(0, 5)}</text>
`
  })
}

/** Steps, in a picture of their own that is stretched over the width: it holds no text. */
function ratioArea({ ratios }: ClusterModel, axis: Axis, top: number): Html {
  const steps = thin(ratios, axis).map(({ fromMs, toMs, ratio }) => {
    const from = place(axis, fromMs)
    const to = Math.max(from + 0.15, place(axis, toMs))
    // What is not zero is seen, however little it is.
    const high = ratio === 0 ? 0 : Math.max(3, Math.round(ratio * 100))
    return { from, to: Number(to.toFixed(2)), y: 100 - high }
  })
  const area = steps.filter(({ y }) => y < 100).map(({ from, to, y }) => `M${from},100V${y}H${to}V100z`)
  const line = (wanted: boolean) =>
    steps.filter(({ y }) => y < 100 === wanted).map(({ from, to, y }) => `M${from},${y}H${to}`)
  return html`<line class="rule" x1="0" x2="100%" y1="${top}" y2="${top}"/><line class="base" x1="0" x2="100%" y1="${top + plotHeight}" y2="${top + plotHeight}"/>
<svg y="${top}" width="100%" height="${plotHeight}" viewBox="0 0 100 100" preserveAspectRatio="none" overflow="visible"><path class="ratio" d="${area.join('')}"/><path class="ratio-top" d="${line(true).join('')}"/><path class="zero" d="${line(false).join('')}"/></svg>`
}

type Shape = 'left' | 'came' | 'both' | 'down' | 'back' | 'gone'

const shapes: Readonly<Record<Shape, { readonly path: string; readonly words: string }>> = {
  left: { path: 'M-6,-5H6L0,6z', words: 'left' },
  came: { path: 'M-6,5H6L0,-6z', words: 'came' },
  both: { path: 'M0,-7L7,0L0,7L-7,0z', words: 'left and came' },
  down: { path: 'M-5,-5H5V5H-5z', words: 'became not ready' },
  back: { path: 'M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0z', words: 'became ready' },
  gone: { path: 'M-6,-4L-4,-6L0,-2L4,-6L6,-4L2,0L6,4L4,6L0,2L-4,6L-6,4L-2,0z', words: 'not watched any more' },
}

export function shapeOf({ kind, added, removed }: ChangeEvent): Shape {
  if (kind === 'load_balancer') return 'gone'
  if (kind === 'node_readiness') return added.length > 0 ? 'down' : 'back'
  if (added.length > 0 && removed.length > 0) return 'both'
  return removed.length > 0 ? 'left' : 'came'
}

/** The same shape in the list of changes and in the legend. */
export function mark(shape: Shape): Html {
  const { path, words } = shapes[shape]
  return html`<svg class="mark ${shape}" role="img" aria-label="${words}" width="14" height="14" viewBox="-7 -7 14 14"><path d="${path}"/></svg>`
}

function laneMarks(lane: Lane, seen: readonly ChangeEvent[], axis: Axis, y: number, bottom: number): Html[] {
  const groups: { at: number; events: ChangeEvent[] }[] = []
  for (const event of seen) {
    if (!lane.kinds.includes(event.kind)) continue
    const at = place(axis, timeMs(event.time) ?? axis.fromMs)
    const last = groups.at(-1)
    if (last !== undefined && last.at - at < nearest) last.events.push(event)
    else if (groups.length < marksPerLane) groups.push({ at, events: [event] })
  }
  return groups.map(({ at, events }) => {
    const all = new Set(events.map(shapeOf))
    const [first] = all
    const shape = all.size === 1 && first !== undefined ? first : mixed(all)
    const words = events
      .slice(0, messagesPerMark)
      .map(({ time, message }) => `${time.slice(11, 19)} ${cut(message, 100)}`)
    const rest = events.length > messagesPerMark ? [`and ${events.length - messagesPerMark} more`] : []
    const guide = all.has('left') || all.has('both')
    return html`${guide ? html`<line class="guide" x1="${at}%" x2="${at}%" y1="${y}" y2="${bottom}"/>` : undefined}<svg class="mark ${shape}" x="${at}%" y="${y}" overflow="visible"><title>${[...words, ...rest].join('\n')}</title><path d="${shapes[shape].path}"/></svg>
`
  })
}

function mixed(all: ReadonlySet<Shape>): Shape {
  return all.has('down') || all.has('back') ? 'down' : 'both'
}

/** Of the shapes in the picture. */
function legend(seen: readonly ChangeEvent[]): Html[] {
  const drawn = new Set(seen.map(shapeOf))
  return [...drawn].sort().map((shape) => html`<span class="key">${mark(shape)} ${shapes[shape].words}</span> `)
}
