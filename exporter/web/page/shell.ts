/** The frame of each page: head, header with links, footer. */
import { type Html, html } from '../html.ts'
import { type Assets, assetPath } from './assets.ts'

export interface ShellOptions {
  readonly title: string
  readonly version: string
  readonly assets: Assets
  /** What leads from this page to the root: empty at the root, `../` one folder below. */
  readonly root: '' | '../'
  /** Seconds after which a browser without JavaScript asks again; absent: never, and no script either. */
  readonly refreshSeconds?: number
  readonly main: Html
  readonly header: Html
}

const links = [
  ['metrics', 'Metrics'],
  ['config', 'Config'],
  ['api/v1/status', 'Status as JSON'],
  ['api/v1/events', 'Events as JSON'],
  ['-/healthy', 'Healthy'],
  ['-/ready', 'Ready'],
] as const

export function shell({ title, version, assets, root, refreshSeconds, main, header }: ShellOptions): string {
  const live = refreshSeconds !== undefined
  const page = html`<!doctype html>
<html lang="en" data-assets="${assets.tag}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${live ? html`<noscript><meta http-equiv="refresh" content="${refreshSeconds}"></noscript>` : undefined}
<title>${title}</title>
<link rel="icon" type="image/svg+xml" href="${root}${assetPath(assets, 'icon.svg')}">
<link rel="stylesheet" href="${root}${assetPath(assets, 'page.css')}">
${live ? html`<script src="${root}${assetPath(assets, 'page.js')}" defer></script>` : undefined}
</head>
<body>
<header class="top"><div class="name"><a href="${root === '' ? './' : root}">elb-churn-exporter</a> <span class="dim">${version}</span></div>
${header}</header>
<main>${main}</main>
<footer><nav aria-label="Endpoints">${links.map(([path, words]) => html`<a href="${root}${path}">${words}</a> `)}</nav></footer>
</body>
</html>
`
  return page.text
}
