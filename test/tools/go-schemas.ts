/**
 * Writes test/testdata/schemas: what Kubernetes and the Prometheus Operator say of the kinds that the chart renders, as
 * kubeconform reads it. Run by hand after a version below has changed: `node test/tools/go-schemas.ts`.
 */
import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'

const execute = promisify(execFile)

const kubernetes = { module: 'k8s.io/kubernetes', version: 'v1.34.2', folder: 'kubernetes' }
const operator = {
  module: 'github.com/prometheus-operator/prometheus-operator',
  version: 'v0.85.0',
  folder: 'prometheus-operator',
}

/** Definition in the OpenAPI document, and the group and version that kubeconform puts into the file's name. */
const kinds: Readonly<Record<string, string>> = {
  'io.k8s.api.apps.v1.DaemonSet': 'daemonset-apps-v1',
  'io.k8s.api.apps.v1.Deployment': 'deployment-apps-v1',
  'io.k8s.api.core.v1.ConfigMap': 'configmap-v1',
  'io.k8s.api.core.v1.PersistentVolumeClaim': 'persistentvolumeclaim-v1',
  'io.k8s.api.core.v1.Service': 'service-v1',
  'io.k8s.api.core.v1.ServiceAccount': 'serviceaccount-v1',
  'io.k8s.api.networking.v1.NetworkPolicy': 'networkpolicy-networking-v1',
  'io.k8s.api.policy.v1.PodDisruptionBudget': 'poddisruptionbudget-policy-v1',
  'io.k8s.api.rbac.v1.ClusterRole': 'clusterrole-rbac-v1',
  'io.k8s.api.rbac.v1.ClusterRoleBinding': 'clusterrolebinding-rbac-v1',
  'io.k8s.api.rbac.v1.Role': 'role-rbac-v1',
  'io.k8s.api.rbac.v1.RoleBinding': 'rolebinding-rbac-v1',
}
const resources = ['podmonitors', 'prometheusrules', 'servicemonitors']

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type JsonObject = { readonly [key: string]: Json }

const schemas = resolve(import.meta.dirname, '../testdata/schemas')
const prefix = '#/definitions/'

async function download({ module, version }: { module: string; version: string }): Promise<string> {
  const { stdout } = await execute('go', ['mod', 'download', '-json', `${module}@${version}`], { cwd: '/' })
  return String(JSON.parse(stdout).Dir)
}

async function writeKubernetes(): Promise<void> {
  const folder = join(await download(kubernetes), 'api/openapi-spec/swagger.json')
  const { definitions } = JSON.parse(await readFile(folder, 'utf8')) as { definitions: Record<string, JsonObject> }
  for (const [name, file] of Object.entries(kinds)) {
    const used = reachable(name, definitions)
    const own = Object.fromEntries([...used].sort().map((each) => [each, strict(definitions[each] ?? {}, each)]))
    await writeSchema(kubernetes.folder, file, { $ref: `${prefix}${name}`, definitions: own })
  }
}

async function writeOperator(): Promise<void> {
  const folder = join(await download(operator), 'example/prometheus-operator-crd')
  for (const resource of resources) {
    const crd = parse(await readFile(join(folder, `monitoring.coreos.com_${resource}.yaml`), 'utf8'))
    const [version] = crd.spec.versions
    const file = `${String(crd.spec.names.kind).toLowerCase()}-monitoring-${version.name}`
    await writeSchema(operator.folder, file, strict(version.schema.openAPIV3Schema, ''))
  }
}

async function writeSchema(folder: string, file: string, schema: object): Promise<void> {
  await writeFile(join(schemas, folder, `${file}.json`), `${JSON.stringify(schema)}\n`)
}

/** `name` and every definition that it leads to. */
function reachable(name: string, definitions: Record<string, JsonObject>, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen
  seen.add(name)
  for (const [, next] of JSON.stringify(definitions[name]).matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)) {
    reachable(next ?? '', definitions, seen)
  }
  return seen
}

const intOrString = { oneOf: [{ type: 'string' }, { type: 'integer' }] }
const quantity = { oneOf: [{ type: 'string' }, { type: 'number' }] }

/** Unknown fields are faults, as for an API server with strict field validation; descriptions are left out. */
function strict(schema: JsonObject, name: string): JsonObject {
  if (name.endsWith('.util.intstr.IntOrString')) return intOrString
  if (name.endsWith('.api.resource.Quantity')) return quantity
  return strictOf(schema)
}

function strictOf(schema: JsonObject): JsonObject {
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true
  const entries = Object.entries(schema).flatMap(([key, value]): [string, Json][] => {
    if (key === 'description' || key.startsWith('x-kubernetes-')) return []
    if (key === 'properties' && isObject(value)) {
      return [[key, Object.fromEntries(Object.entries(value).map(([each, of]) => [each, strictValue(of)]))]]
    }
    return [[key, strictValue(value)]]
  })
  const closed = 'properties' in schema && !('additionalProperties' in schema) && !open
  return { ...Object.fromEntries(entries), ...(closed && { additionalProperties: false }) }
}

function strictValue(value: Json): Json {
  if (Array.isArray(value)) return value.map((each: Json) => strictValue(each))
  return isObject(value) ? strictOf(value) : value
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

for (const { folder } of [kubernetes, operator]) {
  await rm(join(schemas, folder), { recursive: true, force: true })
  await mkdir(join(schemas, folder), { recursive: true })
}
await writeKubernetes()
await writeOperator()
