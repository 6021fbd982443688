/** Builders of panels. What every panel must say is asked for here: how to read it, its unit, and what emptiness means. */
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  LineInterpolation,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TimelineValueAlignment,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMap,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as StateTimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline'
import { PanelBuilder as TextBuilder, TextMode } from '@grafana/grafana-foundation-sdk/text'
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import type { Vector } from '../alerts/promql.ts'
import { colors, type Step } from './colors.ts'

export interface Words {
  readonly title: string
  /** How to read it. */
  readonly description: string
  /** What it means that there is nothing: not the same as zero. */
  readonly noValue: string
  /** Of Grafana's: https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/#unit */
  readonly unit: string
}

export interface Query {
  readonly of: Vector<string>
  /** Name of each series, with `{{label}}` of the vector's labels. */
  readonly legend: string
  readonly color?: string
  /** A line, where the others are areas on top of each other: their sum, as somebody else tells it. */
  readonly line?: boolean
}

/** A value, the word that stands for it, and its colour. */
export interface State {
  readonly value: number
  readonly text: string
  readonly color: string
}

/** Width of the axes of all panels that share a time axis, so that one moment is at one place in all of them. */
export const sharedAxisWidth = 200
/** For lanes with long names, on boards that name hostname and resolver. */
export const wideAxis = 380

export interface StatOptions {
  /** Colour below the first step. */
  readonly base?: string
  readonly steps?: readonly Step[]
  readonly states?: readonly State[]
  /** What is shown of each series; default its value, and its name where there are several. */
  readonly show?: BigValueTextMode
  readonly decimals?: number
}

/** The value at the end of the time range, over all of its panel in the colour of its threshold. */
export function stat(words: Words, queries: readonly Query[], options: StatOptions = {}): StatBuilder {
  const { base = colors.good, steps = [], states = [], show = BigValueTextMode.Auto } = options
  const panel = described(new StatBuilder(), words)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .colorMode(BigValueColorMode.BackgroundSolid)
    .graphMode(BigValueGraphMode.None)
    .textMode(show)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .thresholds(thresholds(base, steps))
    .mappings(mappings(states))
  if (options.decimals !== undefined) panel.decimals(options.decimals)
  for (const query of queries) panel.withTarget(target(query).instant())
  return panel
}

export interface TimeSeriesOptions {
  readonly steps?: readonly Step[]
  /** Areas on top of each other; default lines. */
  readonly stacked?: boolean
  readonly bars?: boolean
  readonly max?: number
  /** Least step, for what is counted in each step. */
  readonly interval?: string
  readonly axisWidth?: number
}

export function timeSeries(words: Words, queries: readonly Query[], options: TimeSeriesOptions = {}) {
  const { steps = [], stacked = false, bars = false } = options
  const panel = described(new TimeSeriesBuilder(), words)
    .min(0)
    .drawStyle(bars ? GraphDrawStyle.Bars : GraphDrawStyle.Line)
    .lineInterpolation(LineInterpolation.StepAfter)
    .lineWidth(bars ? 1 : 2)
    .fillOpacity(stacked ? 45 : bars ? 80 : 0)
    .showPoints(VisibilityMode.Never)
    .stacking(new StackingConfigBuilder().mode(stacked ? StackingMode.Normal : StackingMode.None).group('A'))
    .thresholds(thresholds('transparent', steps))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
  if (steps.length > 0) {
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed))
  }
  if (options.max !== undefined) panel.max(options.max)
  if (options.interval !== undefined) panel.interval(options.interval)
  if (options.axisWidth !== undefined) panel.axisWidth(options.axisWidth)
  for (const [index, query] of queries.entries()) {
    panel.withTarget(target(query).range())
    const properties = [
      ...(query.color === undefined ? [] : [fixedColor(query.color)]),
      ...(query.line === true ? asLine : []),
    ]
    // Names may hold labels, so it is the query that is styled.
    if (properties.length > 0) panel.overrideByQuery(refId(index), properties)
  }
  return panel
}

/** A lane for each series, in the colour and with the word of its state. */
export function stateTimeline(
  words: Words,
  queries: readonly Query[],
  states: readonly State[],
  axisWidth = sharedAxisWidth,
): StateTimelineBuilder {
  // Grafana shows its own words where there are no lanes.
  const description = `${words.description} Empty: ${words.noValue}.`
  const panel = described(new StateTimelineBuilder(), { ...words, description })
    .mappings(mappings(states))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .thresholds(thresholds(colors.neutral, []))
    .mergeValues(true)
    .spanNulls(false)
    .showValue(VisibilityMode.Auto)
    .alignValue(TimelineValueAlignment.Left)
    .fillOpacity(85)
    .lineWidth(0)
    .rowHeight(0.8)
    // A load balancer has up to 100 addresses: lanes go to further pages.
    .perPage(20)
    .axisWidth(axisWidth)
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.None))
  for (const query of queries) panel.withTarget(target(query).range())
  return panel
}

export function text(title: string, description: string, content: string): TextBuilder {
  return new TextBuilder().title(title).description(description).mode(TextMode.Markdown).content(content)
}

/** A query whose series have names. Throws where a name takes a label that they lack. */
function target({ of, legend: name }: Query): DataqueryBuilder {
  const unknown = [...name.matchAll(/{{\s*(\w+)\s*}}/g)].find(([, label = '']) => !of.labels.includes(label))
  if (unknown !== undefined) throw new Error(`${unknown[0]} is no label of ${of.text}`)
  return new DataqueryBuilder().expr(of.text).legendFormat(name).format(PromQueryFormat.TimeSeries)
}

interface Describable {
  title(title: string): this
  description(description: string): this
  noValue(text: string): this
  unit(unit: string): this
}

export function described<Builder extends Describable>(builder: Builder, words: Words): Builder {
  const { title, description, noValue, unit } = words
  return builder.title(title).description(description).noValue(noValue).unit(unit)
}

export function thresholds(base: string, steps: readonly Step[]): ThresholdsConfigBuilder {
  const all = [{ value: null, color: base }, ...steps.map(({ from, color }) => ({ value: from, color }))]
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(all)
}

export function mappings(states: readonly State[]): ValueMap[] {
  if (states.length === 0) return []
  const options = states.map(({ value, text, color }, index) => [String(value), { text, color, index }] as const)
  return [{ type: MappingType.ValueToText, options: Object.fromEntries(options) }]
}

const asLine = [
  { id: 'custom.stacking', value: { mode: StackingMode.None, group: 'A' } },
  { id: 'custom.fillOpacity', value: 0 },
] as const

function fixedColor(color: string) {
  return { id: 'color', value: { mode: FieldColorModeId.Fixed, fixedColor: color } }
}

/** `A` for the first query of a panel, as Grafana names them. */
export function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index)
}

/** Below the panel: beside it, it would move the time axis. */
function legend(): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .calcs([])
}
