/** Links within the exporter: relative, so that they work behind a proxy that serves it under a path of its own. */
import { type Html, html } from '../html.ts'

export function debugLink(cluster: string, collector: string, words: string): Html {
  const query = new URLSearchParams({ cluster, collector })
  return html`<a href="debug/poll?${query.toString()}">${words}</a>`
}
