/**
 * The established TCP connections of a machine to given addresses, by /proc: no privilege is needed to read it, and the
 * one library for the kernel's sock_diag would be a native one.
 */
import { closeSync, lstatSync, openSync, readSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import { errorCode, messageOf } from '../../core/errors.ts'
import { type FailureReason, failed, good, type Poll } from '../../core/poll.ts'
import { kernelTexts } from './kernel-text.ts'
import { type AddressWidth, type EstablishedRow, lineFeed, RowError, readRows } from './rows.ts'

export interface Connection extends Omit<EstablishedRow, 'remote'> {
  /** The remote address as it was asked for. */
  readonly address: string
}

export interface ReadOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
}

const tables = [
  { file: 'tcp', width: 8 },
  { file: 'tcp6', width: 32 },
] as const
const bufferBytes = 64 * 1024
/**
 * The kernel fills a page with rows as long as one fits (fs/seq_file.c), so a read of less was the last. Another one
 * would bring nothing and make it go through its whole table again: 4 ms on a machine of 24 GB.
 */
const fullReadBytes = 4096 - 256
/** The event loop is let go after so long. One read gives about 27 rows in 0.1 ms. */
const sliceMs = 3
/** A machine with more connections to these addresses is not believed. */
const connectionLimit = 1_000_000

/** `proc`: the folder in which `1/net` is the one of the host. `wanted`: addresses in any text form. */
export async function readConnections(
  proc: string,
  wanted: Iterable<string>,
  { clock, signal }: ReadOptions,
): Promise<Poll<readonly Connection[]>> {
  const byText = new Map<string, string>()
  const found: Connection[] = []
  const onRow = ({ remote, timer, unacknowledged, retransmissions }: EstablishedRow) => {
    const address = byText.get(remote)
    if (address === undefined) return
    if (found.length >= connectionLimit) throw new RowError(`over ${connectionLimit} connections`)
    found.push({ address, timer, unacknowledged, retransmissions })
  }
  try {
    for (const address of wanted) for (const text of kernelTexts(address)) byText.set(text, address)
    const folder = openFolder(proc)
    for (const { file, width } of tables) {
      const path = join(proc, folder, file)
      const descriptor = open(path, file === 'tcp6')
      if (descriptor !== undefined) await readTable(descriptor, width, onRow, { clock, signal })
    }
    return good(clock.now(), found)
  } catch (error) {
    return failed(clock.now(), reasonOf(error), `connections of ${proc}: ${adviceOn(error, proc)}`)
  }
}

/**
 * `1/net` is the network of the first process: of the host, where `proc` is the host's. `net` stands in where the first
 * process is hidden from us (hidepid). Of a whole procfs it is a link to `self/net`, the network of whoever reads: right
 * for /proc itself, but a pod that has the host's mounted elsewhere would be told of its own connections.
 */
function openFolder(proc: string): string {
  const first = faultOf(join(proc, '1/net/tcp'))
  if (first === undefined) return '1/net'
  if (resolve(proc) !== '/proc' && isLink(join(proc, 'net'))) throw first
  const own = faultOf(join(proc, 'net/tcp'))
  if (own === undefined) return 'net'
  throw reasonOf(own) === 'denied' && reasonOf(first) !== 'denied' ? own : first
}

/** Why the file cannot be opened, where that may be so; undefined where it can be. */
function faultOf(path: string): unknown {
  try {
    closeSync(openSync(path, 'r'))
    return undefined
  } catch (error) {
    if (mayFail(error)) return error
    throw error
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink()
  } catch {
    return false
  }
}

/** Undefined where it is not there and may be missing: tcp6 on a machine without IPv6. */
function open(path: string, optional: boolean): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (optional && mayFail(error)) return undefined
    throw error
  }
}

function mayFail(error: unknown): boolean {
  return ['ENOENT', 'EACCES', 'EPERM'].includes(errorCode(error))
}

/** Read on this thread: a read takes less than handing it to another and back. */
async function readTable(
  descriptor: number,
  width: AddressWidth,
  onRow: (row: EstablishedRow) => void,
  { clock, signal }: ReadOptions,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(bufferBytes)
  let filled = 0
  try {
    // Its first read may go through the whole table of the kernel, and comes after all slices of the one before.
    await yieldToOthers()
    let sliceBegan = clock.monotonic()
    while (!signal.aborted) {
      if (filled === bufferBytes) throw new RowError(`a row is longer than ${bufferBytes} bytes`)
      const read = readSync(descriptor, buffer, filled, bufferBytes - filled, null)
      filled += read
      const done = readRows(buffer.subarray(0, filled), width, onRow)
      buffer.copyWithin(0, done, filled)
      filled -= done
      if (read < fullReadBytes) {
        // The kernel ends each row with a line feed; a copy made by hand may lack the last one.
        buffer[filled] = lineFeed
        readRows(buffer.subarray(0, filled + 1), width, onRow)
        return
      }
      if (clock.monotonic() - sliceBegan < sliceMs) continue
      await yieldToOthers()
      sliceBegan = clock.monotonic()
    }
    throw new RowError('the read was broken off')
  } finally {
    closeSync(descriptor)
  }
}

function yieldToOthers(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function reasonOf(error: unknown): FailureReason {
  const code = errorCode(error)
  if (code === 'EACCES' || code === 'EPERM') return 'denied'
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'not_found'
  return error instanceof RowError ? 'malformed' : 'internal'
}

function adviceOn(error: unknown, proc: string): string {
  const text = messageOf(error)
  return ['denied', 'not_found'].includes(reasonOf(error)) ? `${text}; ${mountAdvice(proc)}` : text
}

/** What to mount, for people. Not all of /proc: that shows the command line of every process. */
export function mountAdvice(proc: string): string {
  const mount = (folder: string) => `mount the host's /proc/1/net read-only at ${join(folder, '1/net')}`
  // No runtime lets anything be mounted below a container's own /proc.
  return resolve(proc) === '/proc' ? `${mount('/host/proc')} and set connections.proc: /host/proc` : mount(proc)
}
