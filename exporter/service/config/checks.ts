/**
 * What a schema cannot say of a config file. The file may also have faults of shape, which are told by the schema:
 * whatever has the wrong shape is passed over here, so that all faults show at once.
 */
import { type Fields, list, map } from '../../core/json.ts'
import { groupLabel, reservedLabels } from '../../signals/nodes/labels.ts'
import { parseServer } from '../../sources/dns/server-address.ts'
import type { Fault, Path } from './fault.ts'

const sections = ['nodes', 'load_balancers', 'dns', 'connections', 'reachability'] as const

/** Sections that look at what another one finds. */
const needs = [
  { section: 'connections', needed: 'dns', why: 'it looks for connections to the addresses of dns.names' },
  { section: 'reachability', needed: 'load_balancers', why: 'it tries the addresses of load_balancers' },
] as const

export function checkMeaning(file: unknown): Fault[] {
  const clusters = list(map(file).clusters)
  return [
    ...duplicates(clusters.map((cluster) => map(cluster).name)).map(([index, name]) => ({
      path: ['clusters', index, 'name'],
      message: `${JSON.stringify(name)} is the name of an earlier cluster too`,
    })),
    ...clusters.flatMap((cluster, index) =>
      checkCluster(map(cluster)).map(({ path, ...rest }) => ({ path: ['clusters', index, ...path], ...rest })),
    ),
  ]
}

function checkCluster(cluster: Fields): Fault[] {
  const faults: Fault[] = [
    ...checkNodes(map(cluster.nodes)),
    ...checkNames(map(cluster.dns)),
    ...checkResolvers(map(cluster.dns).resolvers, ['dns', 'resolvers']),
  ]
  if (sections.every((section) => cluster[section] === undefined)) {
    faults.push({ path: [], message: `watches nothing; give one of ${sections.join(', ')}` })
  }
  for (const { section, needed, why } of needs) {
    if (cluster[section] === undefined || cluster[needed] !== undefined) continue
    faults.push({ path: [section], message: `needs the section ${needed}: ${why}` })
  }
  for (const [index, entry] of list(cluster.load_balancers).entries()) {
    const { names, tags, resolvers } = map(entry)
    faults.push(...checkResolvers(resolvers, ['load_balancers', index, 'resolvers']))
    if (isEmpty(names) && isEmpty(tags)) {
      faults.push({
        path: ['load_balancers', index],
        message: 'needs names or tags: without them no load balancer is watched',
      })
    }
  }
  return faults
}

function checkNodes(nodes: Fields): Fault[] {
  const faults: Fault[] = []
  if (nodes.in_cluster === true && (nodes.kubeconfig !== undefined || nodes.context !== undefined)) {
    faults.push({ path: ['nodes', 'in_cluster'], message: 'excludes kubeconfig and context' })
  }
  const labels = list(nodes.group_by).map((label) => groupLabel(String(label)))
  for (const [index, label] of labels.entries()) {
    const path = ['nodes', 'group_by', index]
    // Labels with two underscores in front belong to Prometheus.
    if (reservedLabels.has(label) || label.startsWith('__'))
      faults.push({ path, message: `would become the label ${label}, which is taken` })
  }
  for (const [index, label] of duplicates(labels)) {
    faults.push({ path: ['nodes', 'group_by', index], message: `becomes the label ${label} as an earlier one does` })
  }
  return faults
}

function checkNames(dns: Fields): Fault[] {
  const names = list(dns.names).map((entry) => {
    const { hostname } = map(entry)
    return typeof hostname === 'string' ? hostname.toLowerCase().replace(/\.$/, '') : undefined
  })
  return duplicates(names).map(([index, name]) => ({
    path: ['dns', 'names', index, 'hostname'],
    message: `${name} stands in the list twice; put all its types into one entry`,
  }))
}

/** Two spellings of one address would be asked, and counted, as two resolvers. */
function checkResolvers(resolvers: unknown, path: Path): Fault[] {
  const texts = list(resolvers)
  const servers = texts.map((text) => (typeof text === 'string' ? (parseServer(text)?.text ?? text) : undefined))
  return duplicates(servers)
    .filter(([index]) => texts.indexOf(texts[index]) === index)
    .map(([index, server]) => ({ path: [...path, index], message: `is ${server}, as an earlier one is` }))
}

/** Index and value of each text that stood there before. */
function duplicates(values: readonly unknown[]): [number, string][] {
  const seen = new Set<string>()
  return [...values.entries()].filter(
    (entry): entry is [number, string] => typeof entry[1] === 'string' && seen.size === seen.add(entry[1]).size,
  )
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
}
