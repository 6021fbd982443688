import type { Clock } from './clock.ts'

/** A value that one part of the program tells and others read. Readers never see who told it. */
export class View<T> {
  #value: T | undefined
  #told = Promise.withResolvers<void>()
  #listener: ((value: T | undefined) => void) | undefined

  /** Undefined while nobody knows. */
  get value(): T | undefined {
    return this.#value
  }

  tell(value: T): void {
    this.#value = value
    this.#told.resolve()
    this.#listener?.(value)
  }

  /** Hears of each value at once, and of its withdrawal as undefined. One listener: a later one takes its place. */
  listen(listener: (value: T | undefined) => void): void {
    this.#listener = listener
  }

  /** Takes back what was told; what another has told since stays. */
  withdraw(value: T): void {
    if (this.#value !== value) return
    this.#value = undefined
    this.#told = Promise.withResolvers<void>()
    this.#listener?.(undefined)
  }

  /** The value as soon as it is known; undefined where it is not within `limitMs`, or the signal aborts. */
  async within(limitMs: number, clock: Clock, signal: AbortSignal): Promise<T | undefined> {
    if (this.#value !== undefined) return this.#value
    const ended = new AbortController()
    await Promise.race([this.#told.promise, clock.sleep(limitMs, AbortSignal.any([signal, ended.signal]))])
    ended.abort()
    return this.#value
  }
}
