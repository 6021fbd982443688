/** A /proc for tests: tables of TCP connections as the kernel of this machine would write them. */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { endianness } from 'node:os'
import { join } from 'node:path'

export interface LabConnection {
  /** IPv4 dotted, or the 16 bytes of an IPv6 address in hex. */
  readonly remote: string
  /** 1: established */
  readonly state?: number
  readonly timer?: number
  readonly unacknowledged?: number
  readonly retransmissions?: number
}

const headers = {
  tcp: '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
  tcp6: '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
}

export type LabTable = keyof typeof headers

export function renderTable(table: LabTable, connections: readonly LabConnection[]): string {
  const width = table === 'tcp' ? 4 : 16
  const rows = connections.map((connection, index) => renderRow(connection, index, width))
  // Rows of tcp are padded to 149 characters, those of tcp6 are not.
  const lines = [headers[table], ...rows].map((line) => (table === 'tcp' ? line.padEnd(149) : line))
  return `${lines.join('\n')}\n`
}

function renderRow(connection: LabConnection, index: number, width: number): string {
  const { state = 1, timer = 0, unacknowledged = 0, retransmissions = 0 } = connection
  const local = '0'.repeat(2 * width)
  const queues = `${hex(unacknowledged, 8)}:00000000`
  const rest = `${hex(timer, 2)}:${hex(timer === 0 ? 0 : 42, 8)} ${hex(retransmissions, 8)}`
  const remote = words(connection.remote, width)
  return `${String(index).padStart(4)}: ${local}:A0C1 ${remote}:01BB ${hex(state, 2)} ${queues} ${rest}  1000        0 366179 1 0000000039a09692 20 4 30 10 -1`
}

/** Each 32 bits in the byte order of this machine. */
function words(address: string, width: number): string {
  const bytes = address.includes('.') ? Buffer.from(address.split('.').map(Number)) : Buffer.from(address, 'hex')
  if (bytes.length !== width) throw new Error(`${address} has ${bytes.length} bytes, not ${width}`)
  const ordered = endianness() === 'LE' ? Buffer.from(bytes).swap32() : bytes
  return ordered.toString('hex').toUpperCase()
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}

/** Writes `folder`/1/net/tcp and tcp6, whole at any moment; `tcp6` undefined as on a machine without IPv6. */
export async function writeProc(
  folder: string,
  tcp: readonly LabConnection[],
  tcp6: readonly LabConnection[] | undefined = [],
  below = '1/net',
): Promise<void> {
  await mkdir(join(folder, below), { recursive: true })
  await replace(join(folder, below, 'tcp'), renderTable('tcp', tcp))
  if (tcp6 !== undefined) await replace(join(folder, below, 'tcp6'), renderTable('tcp6', tcp6))
}

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}
