/**
 * The Pod Security Standard `restricted`, which holds all of `baseline` too, as one table of its controls.
 * Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */

interface SecurityContext {
  readonly privileged?: boolean
  readonly allowPrivilegeEscalation?: boolean
  readonly runAsNonRoot?: boolean
  readonly runAsUser?: number
  readonly fsGroup?: number
  readonly procMount?: string
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] }
  readonly seccompProfile?: { readonly type?: string }
  readonly appArmorProfile?: { readonly type?: string }
  readonly seLinuxOptions?: { readonly type?: string; readonly user?: string; readonly role?: string }
  readonly sysctls?: readonly { readonly name: string }[]
  readonly windowsOptions?: { readonly hostProcess?: boolean }
}

interface Handler {
  readonly httpGet?: { readonly host?: string }
  readonly tcpSocket?: { readonly host?: string }
}

export interface Container {
  readonly name: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[]
  readonly securityContext?: SecurityContext
  readonly ports?: readonly { readonly hostPort?: number }[]
  readonly livenessProbe?: Handler
  readonly readinessProbe?: Handler
  readonly startupProbe?: Handler
  readonly lifecycle?: { readonly postStart?: Handler; readonly preStop?: Handler }
}

export interface PodTemplate {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: {
    readonly hostNetwork?: boolean
    readonly hostPID?: boolean
    readonly hostIPC?: boolean
    readonly automountServiceAccountToken?: boolean
    readonly securityContext?: SecurityContext
    readonly containers: readonly Container[]
    readonly initContainers?: readonly Container[]
    readonly ephemeralContainers?: readonly Container[]
    readonly volumes?: readonly (Readonly<Record<string, unknown>> & { readonly name: string })[]
  }
}

interface Control {
  readonly level: 'baseline' | 'restricted'
  /** Whether the pod keeps it. */
  readonly holds: (pod: PodTemplate) => boolean
}

const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
])

const baselineCapabilities = new Set([
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP'],
  ...['SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
])

const restrictedVolumes = new Set([
  ...['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret'],
])

const seLinuxTypes = new Set([
  undefined,
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
])

export const controls: Readonly<Record<string, Control>> = {
  HostProcess: { level: 'baseline', holds: everywhere((context) => context.windowsOptions?.hostProcess !== true) },
  'Host Namespaces': {
    level: 'baseline',
    holds: ({ spec }) => spec.hostNetwork !== true && spec.hostPID !== true && spec.hostIPC !== true,
  },
  'Privileged Containers': { level: 'baseline', holds: everywhere((context) => context.privileged !== true) },
  Capabilities: { level: 'baseline', holds: added((capability) => baselineCapabilities.has(capability)) },
  'HostPath Volumes': {
    level: 'baseline',
    holds: ({ spec }) => !(spec.volumes ?? []).some((each) => 'hostPath' in each),
  },
  'Host Ports': {
    level: 'baseline',
    holds: (pod) => containersOf(pod).every(({ ports = [] }) => ports.every(({ hostPort = 0 }) => hostPort === 0)),
  },
  'Host Probes / Lifecycle Hooks': { level: 'baseline', holds: (pod) => containersOf(pod).every(asksNoHost) },
  AppArmor: {
    level: 'baseline',
    holds: (pod) =>
      everywhere(({ appArmorProfile: { type } = {} }) => type !== 'Unconfined')(pod) &&
      Object.entries(pod.metadata?.annotations ?? {}).every(
        ([name, value]) =>
          !name.startsWith('container.apparmor.security.beta.kubernetes.io/') || value !== 'unconfined',
      ),
  },
  SELinux: {
    level: 'baseline',
    holds: everywhere(
      ({ seLinuxOptions: { type, user = '', role = '' } = {} }) => seLinuxTypes.has(type) && user === '' && role === '',
    ),
  },
  '/proc Mount Type': {
    level: 'baseline',
    holds: everywhere(({ procMount = 'Default' }) => procMount === 'Default'),
  },
  Seccomp: { level: 'baseline', holds: everywhere(({ seccompProfile: { type } = {} }) => type !== 'Unconfined') },
  Sysctls: {
    level: 'baseline',
    holds: ({ spec }) => (spec.securityContext?.sysctls ?? []).every(({ name }) => safeSysctls.has(name)),
  },
  'Volume Types': {
    level: 'restricted',
    holds: ({ spec }) =>
      (spec.volumes ?? []).every((volume) =>
        Object.keys(volume).every((key) => key === 'name' || restrictedVolumes.has(key)),
      ),
  },
  'Privilege Escalation': {
    level: 'restricted',
    holds: (pod) =>
      containersOf(pod).every(({ securityContext }) => securityContext?.allowPrivilegeEscalation === false),
  },
  'Running as Non-root': { level: 'restricted', holds: inEach(({ runAsNonRoot }) => runAsNonRoot === true) },
  'Running as Non-root user': {
    level: 'restricted',
    holds: everywhere(({ runAsUser }) => runAsUser === undefined || runAsUser !== 0),
  },
  'Seccomp, set': {
    level: 'restricted',
    holds: inEach(({ seccompProfile: { type = '' } = {} }) => ['RuntimeDefault', 'Localhost'].includes(type)),
  },
  'Capabilities, dropped': {
    level: 'restricted',
    holds: (pod) =>
      added((capability) => capability === 'NET_BIND_SERVICE')(pod) &&
      containersOf(pod).every(({ securityContext }) => securityContext?.capabilities?.drop?.includes('ALL') === true),
  },
}

/** The controls that a pod breaks. */
export function brokenControls(pod: PodTemplate): string[] {
  return Object.entries(controls).flatMap(([name, { holds }]) => (holds(pod) ? [] : [name]))
}

function containersOf({ spec }: PodTemplate): readonly Container[] {
  return [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]
}

/** Of the pod and of each container: what none of them may set. */
function everywhere(good: (context: SecurityContext) => boolean): Control['holds'] {
  return (pod) =>
    [pod.spec.securityContext, ...containersOf(pod).map((each) => each.securityContext)].every((context) =>
      good(context ?? {}),
    )
}

/** In force for each container: its own, or the pod's. */
function inEach(good: (context: SecurityContext) => boolean): Control['holds'] {
  return (pod) =>
    containersOf(pod).every(({ securityContext }) => good({ ...pod.spec.securityContext, ...securityContext }))
}

function added(good: (capability: string) => boolean): Control['holds'] {
  return (pod) =>
    containersOf(pod).every(({ securityContext }) => (securityContext?.capabilities?.add ?? []).every(good))
}

function asksNoHost({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): boolean {
  const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop]
  const hosts = handlers.flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host])
  return hosts.every((host) => host === undefined || host === '')
}
