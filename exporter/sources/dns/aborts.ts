/**
 * Many short waits on a few long-lived signals. A listener for each wait would make adding one slower the more wait,
 * so each signal gets a single listener, for as long as somebody waits on it.
 */
export class Aborts {
  readonly #groups = new Map<AbortSignal, { readonly waiting: Set<() => void>; readonly listener: () => void }>()

  /** Calls `onAbort` once when the signal aborts, unless the returned function was called before. */
  add(signal: AbortSignal, onAbort: () => void): () => void {
    const { waiting } = this.#groups.get(signal) ?? this.#listen(signal)
    waiting.add(onAbort)
    return () => {
      if (waiting.delete(onAbort) && waiting.size === 0) this.#forget(signal)
    }
  }

  /** The promise's value, or `instead` as soon as the signal aborts. The promise must not reject. */
  race<T>(promise: Promise<T>, signal: AbortSignal, instead: T): Promise<T> {
    if (signal.aborted) return Promise.resolve(instead)
    return new Promise((resolve) => {
      const remove = this.add(signal, () => resolve(instead))
      void promise.then((value) => {
        remove()
        resolve(value)
      })
    })
  }

  #listen(signal: AbortSignal): { readonly waiting: Set<() => void>; readonly listener: () => void } {
    const waiting = new Set<() => void>()
    const listener = () => {
      this.#groups.delete(signal)
      for (const onAbort of waiting) onAbort()
    }
    const group = { waiting, listener }
    this.#groups.set(signal, group)
    signal.addEventListener('abort', listener, { once: true })
    return group
  }

  #forget(signal: AbortSignal): void {
    const group = this.#groups.get(signal)
    if (group === undefined) return
    signal.removeEventListener('abort', group.listener)
    this.#groups.delete(signal)
  }
}
