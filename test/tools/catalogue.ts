/** The programs that tests need and npm does not carry, and the Debian package that each comes in. Add a tool here. */

export interface ToolSource {
  /** The Debian package that holds it. */
  readonly package: string
  /**
   * `installed`: the release that apt is set up for. `unstable`: Debian unstable of the same mirror, for what a release
   * carries too old.
   */
  readonly suite: 'installed' | 'unstable'
  /** The file's name where it is not the tool's own. */
  readonly command?: string
  /** The folder in the package that holds the program itself, where what stands on PATH only works when installed. */
  readonly folder?: string
  /** `major.minor`: an older one on PATH is passed over. */
  readonly least?: string
  /** `major.minor`: this one and newer ones on PATH are passed over, where a test is about the old. */
  readonly below?: string
}

export const toolSources = {
  // Its launcher in /usr/bin reads /etc/chromium.d and dies without it.
  chromium: { package: 'chromium', suite: 'installed', folder: 'usr/lib/chromium' },
  dnsperf: { package: 'dnsperf', suite: 'installed' },
  ip: { package: 'iproute2', suite: 'installed' },
  knotd: { package: 'knot', suite: 'installed' },
  knsupdate: { package: 'knot-dnsutils', suite: 'installed' },
  openssl: { package: 'openssl', suite: 'installed' },
  nsd: { package: 'nsd', suite: 'installed' },
  unbound: { package: 'unbound', suite: 'installed' },
  'prometheus-blackbox-exporter': { package: 'prometheus-blackbox-exporter', suite: 'unstable', least: '0.28' },
  prometheus: { package: 'prometheus', suite: 'unstable', least: '3.5' },
  promtool: { package: 'promtool', suite: 'unstable', least: '3.5' },
  // Rules must work on the Prometheus of Debian's release too: 2.42 in bookworm, 2.53 in trixie.
  'promtool-release': { package: 'prometheus', suite: 'installed', command: 'promtool', least: '2.42', below: '3.0' },
  alertmanager: {
    package: 'prometheus-alertmanager',
    suite: 'unstable',
    command: 'prometheus-alertmanager',
    least: '0.33',
  },
  amtool: { package: 'prometheus-alertmanager', suite: 'unstable', least: '0.33' },
  // What a stable Debian carries: the oldest Alertmanager that the example must load in.
  'alertmanager-release': {
    package: 'prometheus-alertmanager',
    suite: 'installed',
    command: 'prometheus-alertmanager',
  },
  'amtool-release': { package: 'prometheus-alertmanager', suite: 'installed', command: 'amtool' },
} as const satisfies Record<string, ToolSource>

export type ToolName = keyof typeof toolSources
