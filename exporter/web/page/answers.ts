/** What each resolver says, side by side, with what they do not all say marked. */
import { type Html, html } from '../html.ts'
import type { Caps } from './caps.ts'
import type { AnswerModel, ClusterModel, QuestionModel } from './model.ts'
import { agrees } from './verdict.ts'
import { capped, cut, omission, plural, since } from './words.ts'

/** So many are all shown open. */
const fewQuestions = 2

export function answersSection({ questions }: ClusterModel, caps: Caps, nowMs: number): Html | undefined {
  if (questions.length === 0) return undefined
  const worstFirst = [...questions].sort(
    (left, right) => order(left) - order(right) || changedMs(right) - changedMs(left),
  )
  const { shown, omitted } = capped(worstFirst, caps.questions)
  return html`<section class="answers"><h3>DNS answers <span class="dim">${questions.length}</span></h3>
${shown.map((question) => questionBox(question, caps, nowMs, questions.length <= fewQuestions || order(question) < 2))}
${omission(omitted, 'names, all calmer than these')}</section>`
}

/** Differing ones first, then those with a resolver that fails. */
function order(question: QuestionModel): number {
  if (!agrees(question)) return 0
  return question.answers.some(({ failure }) => failure !== undefined) ? 1 : 2
}

function changedMs({ answers }: QuestionModel): number {
  return Math.max(0, ...answers.map(({ lastChangeMs = 0 }) => lastChangeMs))
}

function questionBox(question: QuestionModel, caps: Caps, nowMs: number, open: boolean): Html {
  const { hostname, type, answers } = question
  const { shown, omitted } = capped(answers, caps.resolvers)
  const records = [...new Set(answers.flatMap((answer) => answer.records))].sort()
  const rows = capped(records, caps.records)
  const words = ['differs', 'fails', 'agrees'][order(question)] ?? 'agrees'
  const chain = answers.find((answer) => answer.chain.length > 0)?.chain ?? []
  return html`<details class="box" data-key="${hostname} ${type} ${words}"${open ? html` open` : undefined}>
<summary><b>${hostname}</b> <span>${type}</span> ${verdict(question)} ${
    agrees(question) ? html`<code class="dim">${cut(records.join(', '), 120)}</code>` : undefined
  }</summary>
<div class="scroll" tabindex="0" role="region" aria-label="${hostname} ${type} by resolver"><table class="matrix">
<thead><tr><th>Record</th>${shown.map((answer) => html`<th scope="col"><code>${answer.resolver}</code></th>`)}</tr></thead>
<tbody>${rows.shown.map((record) => recordRow(record, shown))}
<tr class="foot"><th scope="row">answered</th>${shown.map((answer) => html`<td>${freshness(answer, nowMs)}</td>`)}</tr>
<tr class="foot"><th scope="row">changed</th>${shown.map(
    ({ lastChangeMs }) => html`<td>${lastChangeMs === undefined ? 'not seen' : since(lastChangeMs, nowMs)}</td>`,
  )}</tr></tbody></table></div>
${omission(rows.omitted, 'records')}${omission(omitted, 'resolvers')}
${chain.length === 0 ? undefined : html`<p class="dim small">by <code>${chain.join(' → ')}</code></p>`}</details>`
}

function verdict(question: QuestionModel): Html {
  if (!agrees(question)) return html`<b class="word bad">resolvers differ</b>`
  const failing = question.answers.filter(({ failure }) => failure !== undefined).length
  if (failing > 0)
    return html`<b class="word warn">${failing} of ${plural(question.answers.length, 'resolver')} failing</b>`
  if (question.answers.every(({ lastSuccessMs }) => lastSuccessMs === undefined))
    return html`<span class="dim">not asked yet</span>`
  const count = question.answers.length
  return html`<span class="dim">${count === 1 ? 'one resolver' : `${count} resolvers agree`}</span>`
}

function recordRow(record: string, answers: readonly AnswerModel[]): Html {
  const given = answers.filter(({ failure, lastSuccessMs }) => failure === undefined && lastSuccessMs !== undefined)
  const differs =
    given.some(({ records }) => records.includes(record)) && given.some(({ records }) => !records.includes(record))
  return html`<tr${differs ? html` class="differs"` : undefined}><th scope="row"><code>${cut(record, 80)}</code>${
    differs ? html` <b class="word bad">differs</b>` : undefined
  }</th>${answers.map((answer) => html`<td>${cell(record, answer)}</td>`)}</tr>`
}

function cell(record: string, { records, failure, lastSuccessMs }: AnswerModel): Html {
  if (records.includes(record)) return failure === undefined ? html`yes` : html`<span class="dim">last yes</span>`
  if (failure !== undefined || lastSuccessMs === undefined) return html`<span class="dim">?</span>`
  return html`<b>no</b>`
}

function freshness({ failure, lastSuccessMs, ttlSeconds, rcode }: AnswerModel, nowMs: number): Html {
  if (failure !== undefined) return html`<span class="failure">${cut(failure, 160)}</span>`
  if (lastSuccessMs === undefined) return html`not yet`
  const ttl = ttlSeconds === undefined ? '' : `, TTL ${ttlSeconds} s`
  return html`${since(lastSuccessMs, nowMs)}<span class="dim">${rcode === '' || rcode === 'NOERROR' ? '' : `, ${rcode}`}${ttl}</span>`
}
