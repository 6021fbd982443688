/** The least that a program of JavaScript can do with a list of nodes: JSON.parse of its bytes, and nothing else. */
import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { call } from '../lab/https-client.ts'

/** Nodes in a page: 500 of 25 KB are 12 MB. */
const pageSize = 500
/** Pages that are really parsed; more would tell the same. */
const parsedPages = 10

/**
 * Seconds that JSON.parse takes for as many nodes as the cluster of `kubeconfig` has, in pages as an API server gives them.
 * One page is fetched, parsed again and again, and the time of a page taken as often as there are pages.
 */
export async function parseSeconds(kubeconfig: string, nodes: number): Promise<number> {
  const config = parse(await readFile(kubeconfig, 'utf8'))
  const { server, 'certificate-authority': ca } = config.clusters[0].cluster
  const { token } = config.users[0].user
  const { status, body } = await call(`${server}/api/v1/nodes?limit=${Math.min(pageSize, nodes)}`, {
    headers: { authorization: `Bearer ${token}` },
    tls: { ca: await readFile(ca) },
  })
  if (status !== 200) throw new Error(`the lab's API answered ${status}`)
  const times = Array.from({ length: parsedPages }, () => secondsOf(body))
  const perPage = times.reduce((sum, seconds) => sum + seconds, 0) / times.length
  return perPage * Math.max(1, nodes / pageSize)
}

function secondsOf(text: string): number {
  const startedAt = performance.now()
  const list: { items: readonly unknown[] } = JSON.parse(text)
  if (list.items.length === 0) throw new Error('a page without nodes')
  return (performance.now() - startedAt) / 1_000
}
