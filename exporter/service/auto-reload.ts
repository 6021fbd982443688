/**
 * Reloads the config when the content of its file has changed, as Prometheus does with `auto-reload-config`: the content
 * is read and compared by its checksum once in an interval. Neither events of the file system nor times of the file are
 * relied on: Kubernetes swaps a ConfigMap by moving a link two folders up, and some network file systems tell nothing.
 */
import type { Clock } from '../core/clock.ts'
import type { ConfigSource } from './config/source.ts'
import type { Reloader } from './reloader.ts'

export interface AutoReloadDeps {
  readonly source: Pick<ConfigSource, 'changed'>
  readonly reloader: Pick<Reloader, 'reload'>
  readonly clock: Clock
  /** Between two looks at the file. */
  readonly intervalMs: number
}

/** A file that is just being written reads otherwise after this; in a shorter interval after half of it. */
const settleMs = 1_000

/** Ends when the signal aborts. A content that was refused is told once, and tried again when it has changed. */
export async function autoReload(deps: AutoReloadDeps, signal: AbortSignal): Promise<void> {
  const { source, reloader, clock, intervalMs } = deps
  while (!signal.aborted) {
    await clock.sleep(intervalMs, signal)
    const first = signal.aborted ? undefined : await source.changed()
    if (first === undefined) continue
    await clock.sleep(Math.min(settleMs, intervalMs / 2), signal)
    if (signal.aborted) return
    const second = await source.changed()
    // Nobody can tell a half-written file from a short one, so it has to stay as it is for a while.
    if (second?.identity === first.identity) await reloader.reload(second)
  }
}
