/** The page for people: what is watched, what fails, what changed last. Works without JavaScript. */
import type { ChangeEvent } from '../service/changes.ts'
import type { ClusterStatus } from '../service/service.ts'
import type { WebDeps } from './deps.ts'
import { type Html, html } from './html.ts'

const changesShown = 50

export function statusPage({ version, startedAtMs, service }: WebDeps): string {
  const { ready, waiting } = service.ready()
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="15">
<title>elb-churn-exporter</title>
<style>${style}</style>
</head>
<body>
<h1>elb-churn-exporter</h1>
<p>Version ${version}, started ${new Date(startedAtMs).toISOString()}. ${
    ready ? 'Ready.' : `Waiting for the first run of ${waiting.join(', ')}.`
  }</p>
<nav><a href="/metrics">metrics</a> <a href="/config">config</a> <a href="/api/v1/status">status</a>
<a href="/api/v1/events">events</a> <a href="/-/healthy">healthy</a> <a href="/-/ready">ready</a></nav>
${service.status().map(clusterSection)}
<h2>Last changes</h2>
${changesTable(service.history.list().slice(0, changesShown))}
</body>
</html>
`
  return page.text
}

function clusterSection({ name, collectors }: ClusterStatus): Html {
  return html`<section><h2>${name}</h2>${Object.entries(collectors).map(([collector, status]) =>
    collectorSection(collector, status as CollectorStatus),
  )}</section>`
}

interface CollectorStatus {
  readonly up: boolean | null
  readonly last_success: string | null
  readonly tasks: readonly { readonly task: string; readonly failures: readonly { readonly message: string }[] }[]
  readonly watched: unknown
}

function collectorSection(name: string, { up, last_success, tasks, watched }: CollectorStatus): Html {
  const word = up === null ? 'starting' : up ? 'up' : 'failing'
  return html`<article class="${word}"><h3>${name}: ${word}</h3>
<p>Last success: ${last_success ?? 'never'}</p>
${tasks.flatMap(({ failures }) => failures.map(({ message }) => html`<p class="failure">${message}</p>`))}
<details><summary>What it sees</summary><pre>${JSON.stringify(watched, null, 2)}</pre></details></article>`
}

function changesTable(changes: readonly ChangeEvent[]): Html {
  if (changes.length === 0) return html`<p>None since the start.</p>`
  const rows = changes.map(
    ({ time, cluster, subject, message }) =>
      html`<tr><td>${time}</td><td>${cluster}</td><td>${subject}</td><td>${message}</td></tr>`,
  )
  return html`<table><thead><tr><th>Time</th><th>Cluster</th><th>What</th><th>Change</th></tr></thead><tbody>${rows}</tbody></table>`
}

const style = html`
:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
body { margin: 1rem auto; max-width: 70rem; padding: 0 1rem; line-height: 1.45; }
article { border-left: .3rem solid #888; margin: .8rem 0; padding: .1rem .8rem; }
article.up { border-color: #3778bf; }
article.failing { border-color: #d55e00; }
h3 { margin: .3rem 0; }
.failure { font-weight: 600; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .3rem .6rem .3rem 0; vertical-align: top; overflow-wrap: anywhere; }
pre { overflow-x: auto; }
`
