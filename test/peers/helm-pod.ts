/** A rendered pod as a process: its arguments, volumes, user and read-only root, on this machine's kernel. */
import { chmod, chown, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Exporter } from '../e2e/exporter.ts'
import { type LabKubernetes, labTlsFile } from '../lab/kubernetes-server.ts'
import { checkout, type KubernetesObject, only, workload } from './helm.ts'
import type { Container } from './helm-pod-security.ts'

const script = join(import.meta.dirname, 'helm-pod.sh')
const asRoot = process.getuid?.() === 0
/** The image's own program stands in for this one, which the chart names in the agent's command. */
const program = join(checkout, 'exporter/main.ts')

export interface PodOptions {
  /** The API server of the cluster that the pod is in. */
  readonly api?: LabKubernetes
  /** A process in the network of the node: stands for the node's first one. */
  readonly nodePid?: number
  /** Contents of Secrets, by name. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

interface Mount {
  readonly source: string
  readonly target: string
  readonly mode: 'ro' | 'rw'
}

export interface Pod {
  readonly exporter: Exporter
  /** Where the pod's state is, on this machine. */
  readonly state: string
  /** Ends the exporter where it still runs, and removes its volumes. */
  close(): Promise<void>
}

export async function startPod(
  objects: readonly KubernetesObject[],
  kind: 'Deployment' | 'DaemonSet',
  options: PodOptions = {},
): Promise<Pod> {
  const folder = await mkdtemp(join(tmpdir(), 'pod-'))
  try {
    return await startIn(folder, objects, kind, options)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function startIn(
  folder: string,
  objects: readonly KubernetesObject[],
  kind: 'Deployment' | 'DaemonSet',
  options: PodOptions,
): Promise<Pod> {
  await chmod(folder, 0o755)
  const { spec } = workload(objects, kind).template
  const [container] = spec.containers
  if (container === undefined) throw new Error(`the ${kind} has no container`)
  const user = spec.securityContext?.runAsUser ?? 0
  const group = spec.securityContext?.fsGroup ?? 0
  const mounts = await makeVolumes(objects, kind, { ...options, folder, group })
  if (spec.automountServiceAccountToken === true) mounts.push(await accountMount(folder, options.api, group))
  const root = join(folder, 'root')
  await mkdir(root)
  const env = {
    root,
    user: asRoot ? String(user) : '',
    groups: String(group),
    program: (await outermost([checkout, join(checkout, 'node_modules'), process.execPath])).join(' '),
    mounts: mounts.map(({ source, target, mode }) => `${source} ${target} ${mode}`).join('\n'),
    ...(options.api && {
      KUBERNETES_SERVICE_HOST: options.api.host,
      KUBERNETES_SERVICE_PORT: String(options.api.port),
    }),
  }
  const wrapper = [
    'unshare',
    ...(asRoot ? [] : ['--map-root-user']),
    '--mount',
    '--propagation',
    'private',
    'sh',
    script,
  ]
  const exporter = await Exporter.start({
    folder: root,
    wrapper,
    main: program,
    nodeFlags: nodeFlags(container),
    // The port is free to choose here, since tests run side by side; all else is as it is rendered.
    flags: (container.args ?? []).filter((arg) => arg !== 'serve' && !arg.startsWith('--web.listen-address=')),
    env,
  })
  const close = async () => {
    await exporter.stop()
    await rm(folder, { recursive: true, force: true })
  }
  return { exporter, state: join(folder, 'state'), close }
}

/** Where these really are, since a checkout may borrow its packages from another; without what lies in one before it. */
async function outermost(paths: readonly string[]): Promise<string[]> {
  const real = await Promise.all(paths.map((path) => realpath(path)))
  return real.filter((path, index) => !real.slice(0, index).some((before) => path.startsWith(`${before}/`)))
}

function nodeFlags({ command = [] }: Container): string[] {
  return command.filter((each) => each.startsWith('--'))
}

async function makeVolumes(
  objects: readonly KubernetesObject[],
  kind: 'Deployment' | 'DaemonSet',
  { folder, group, nodePid, secrets = {} }: PodOptions & { readonly folder: string; readonly group: number },
): Promise<Mount[]> {
  const { spec } = workload(objects, kind).template
  const mounts: Mount[] = []
  for (const { name, mountPath, readOnly } of spec.containers[0]?.volumeMounts ?? []) {
    const volume = spec.volumes?.find((each) => each.name === name) ?? { name }
    const source = join(folder, name)
    if ('configMap' in volume) {
      const { data } = only(objects, 'ConfigMap', (volume.configMap as { name: string }).name)
      await writeFiles(source, data as Record<string, string>, 0o644, 0)
    } else if ('secret' in volume) {
      await writeFiles(source, secrets[(volume.secret as { secretName: string }).secretName] ?? {}, 0o440, group)
    } else if ('emptyDir' in volume) {
      await mkdir(source)
      await own(source, group, 0o2770)
    }
    const host = (volume.hostPath as { path: string } | undefined)?.path.replace(
      /^\/proc\/1\//,
      `/proc/${nodePid ?? 1}/`,
    )
    mounts.push({ source: host ?? source, target: mountPath, mode: readOnly === true ? 'ro' : 'rw' })
  }
  return mounts
}

/** Where every client library looks for the account of its pod. */
async function accountMount(folder: string, api: LabKubernetes | undefined, group: number): Promise<Mount> {
  const source = join(folder, 'account')
  const files = {
    token: api?.token ?? 'none',
    'ca.crt': await readFile(labTlsFile('ca.crt'), 'utf8'),
    namespace: 'monitoring',
  }
  await writeFiles(source, files, 0o640, group)
  return { source, target: '/var/run/secrets/kubernetes.io/serviceaccount', mode: 'ro' }
}

/** Files of the group of the pod, as its fsGroup makes them. */
async function writeFiles(folder: string, files: Record<string, string>, mode: number, group: number): Promise<void> {
  await mkdir(folder)
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
    await own(path, group, mode)
  }
}

async function own(path: string, group: number, mode: number): Promise<void> {
  if (asRoot) await chown(path, 0, group)
  await chmod(path, mode)
}
