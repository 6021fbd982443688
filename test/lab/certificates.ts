import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findTool } from '../tools/find.ts'

const execute = promisify(execFile)

export interface Identity {
  /** PEM. */
  readonly cert: string
  /** PEM. */
  readonly key: string
  readonly certFile: string
  readonly keyFile: string
}

export interface IssueOptions {
  /** Alternative names, each with its kind: `DNS:a.example`, `IP:10.0.0.1`, `URI:...`, `email:...`. */
  readonly names?: readonly string[]
  /** Default clientAuth; keyCertSign: an authority. */
  readonly usage?: 'clientAuth' | 'serverAuth' | 'keyCertSign'
  /** Its last day is over. */
  readonly expired?: boolean
}

/** A certificate authority in a folder, which makes what a test needs by the openssl command. */
export class Authority {
  readonly cert: string
  readonly certFile: string
  readonly #openssl: OpenSsl
  readonly #folder: string
  readonly #name: string

  private constructor(openssl: OpenSsl, folder: string, name: string, cert: string) {
    this.#openssl = openssl
    this.#folder = folder
    this.#name = name
    this.cert = cert
    this.certFile = join(folder, `${name}.crt`)
  }

  static async create(folder: string, name: string): Promise<Authority> {
    const { command, env } = await findTool('openssl')
    const openssl: OpenSsl = async (...args) => {
      await execute(command, args, { cwd: folder, timeout: 10_000, env: { ...process.env, ...env } })
    }
    await openssl(...newKey(`${name}.key`))
    const options = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign']
    const subject = ['-subj', `/CN=${name}`, '-days', '2', ...options.flatMap((text) => ['-addext', text])]
    await openssl('req', '-x509', '-new', '-key', `${name}.key`, '-out', `${name}.crt`, ...subject)
    return new Authority(openssl, folder, name, await readFile(join(folder, `${name}.crt`), 'utf8'))
  }

  /** One that this one vouches for. */
  async intermediate(name: string): Promise<Authority> {
    const { cert } = await this.issue(name, { usage: 'keyCertSign' })
    return new Authority(this.#openssl, this.#folder, name, cert)
  }

  /** `name` is its common name too. */
  async issue(name: string, options: IssueOptions = {}): Promise<Identity> {
    const { names = [], usage = 'clientAuth', expired = false } = options
    const [certFile, keyFile] = [join(this.#folder, `${name}.crt`), join(this.#folder, `${name}.key`)]
    await writeFile(join(this.#folder, `${name}.ext`), extensions(usage, names))
    await this.#openssl(...newKey(`${name}.key`))
    await this.#openssl('req', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-out', `${name}.csr`)
    const authority = ['-CA', `${this.#name}.crt`, '-CAkey', `${this.#name}.key`]
    const serial = ['-set_serial', String(Math.ceil(Math.random() * 2 ** 40))]
    const days = ['-days', expired ? '-1' : '2', '-extfile', `${name}.ext`]
    await this.#openssl('x509', '-req', '-in', `${name}.csr`, ...authority, ...serial, ...days, '-out', `${name}.crt`)
    return { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8'), certFile, keyFile }
  }
}

type OpenSsl = (...args: readonly string[]) => Promise<void>

/** Names stand in a section of their own, where a comma is one. */
function extensions(usage: string, names: readonly string[]): string {
  const lines = names.map((name, index) => name.replace(':', `.${index}=`))
  const named = names.length === 0 ? [] : ['subjectAltName=@names', '[names]', ...lines]
  const authority = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign']
  return [...(usage === 'keyCertSign' ? authority : [`extendedKeyUsage=${usage}`]), ...named, ''].join('\n')
}

function newKey(file: string): string[] {
  return ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', file]
}
