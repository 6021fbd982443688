/** What the worlds of all faults stand on: a folder, nameservers on port 53, a resolv.conf, AWS credentials in a file. */
import { randomInt } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LabRecords } from '../lab/dns-records.ts'
import { LabDns } from '../lab/dns-server.ts'

const dnsPort = 53
const tries = 20

export class Ground {
  readonly folder: string
  /** Known to both nameservers. */
  readonly records: LabRecords
  /** The first nameserver of the system, and one that a new resolv.conf may name. */
  readonly system: LabDns
  readonly otherSystem: LabDns
  readonly #prefix: string
  #hosts = 2

  private constructor(folder: string, prefix: string, system: LabDns, otherSystem: LabDns) {
    this.folder = folder
    this.#prefix = prefix
    this.records = system.records
    this.system = system
    this.otherSystem = otherSystem
  }

  static async open(): Promise<Ground> {
    const folder = await mkdtemp(join(tmpdir(), 'faults-'))
    const records = new LabRecords()
    for (let attempt = 1; ; attempt++) {
      // Others may run the same tests on this machine.
      const prefix = `127.${randomInt(64, 250)}.${randomInt(1, 250)}`
      try {
        const [system, other] = await Promise.all([1, 2].map((host) => nameserver(`${prefix}.${host}`, records)))
        if (system === undefined || other === undefined) throw new Error('two nameservers were asked for')
        const ground = new Ground(folder, prefix, system, other)
        await ground.nameserver(system)
        await ground.renewCredentials('AKIALABFIRST')
        return ground
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'EACCES') throw new Error(portAdvice, { cause })
        if (attempt === tries) throw cause
      }
    }
  }

  get resolvConf(): string {
    return join(this.folder, 'resolv.conf')
  }

  get env(): Readonly<Record<string, string>> {
    return {
      AWS_SHARED_CREDENTIALS_FILE: join(this.folder, 'credentials'),
      AWS_CONFIG_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
    }
  }

  /** A loopback address that no other server of these tests has. */
  address(): string {
    this.#hosts += 1
    return `${this.#prefix}.${this.#hosts}`
  }

  /** Writes the resolv.conf anew, by moving a file as systemd-resolved and Kubernetes do. */
  async nameserver({ host }: LabDns): Promise<void> {
    await replace(this.resolvConf, `nameserver ${host}\noptions ndots:1\n`)
  }

  async renewCredentials(accessKey: string): Promise<void> {
    const text = `[default]\naws_access_key_id = ${accessKey}\naws_secret_access_key = lab-secret-key\n`
    await replace(join(this.folder, 'credentials'), text)
  }

  async close(): Promise<void> {
    await Promise.all([this.system.close(), this.otherSystem.close()])
    await rm(this.folder, { recursive: true, force: true })
  }
}

const portAdvice =
  'this test needs nameservers on port 53 of loopback addresses: run it as root, or allow it ' +
  '(sysctl net.ipv4.ip_unprivileged_port_start=53)'

async function nameserver(host: string, records: LabRecords): Promise<LabDns> {
  return await LabDns.start({ host, port: dnsPort, records })
}

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}
