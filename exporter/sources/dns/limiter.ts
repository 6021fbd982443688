/** How many queries are in flight, in all and at one server; the rest wait their turn, up to a bound. */

export interface LimiterOptions {
  readonly total: number
  /** One dead server must not take all places. */
  readonly perServer: number
  readonly waiting: number
}

const maxIdleQueues = 256

interface Queue {
  active: number
  /** in order of arrival */
  readonly waiting: Set<() => void>
}

export class Limiter {
  readonly #options: LimiterOptions
  readonly #queues = new Map<string, Queue>()
  #active = 0
  #waiting = 0

  constructor(options: LimiterOptions) {
    this.#options = options
  }

  /** Takes a place where one is free; the holder gives it back by `release`. */
  tryAcquire(server: string): boolean {
    const queue = this.#queueOf(server)
    if (!this.#hasRoom(queue)) return false
    this.#take(queue)
    return true
  }

  /** Resolves when the place is taken. Undefined where too many wait already. `leave` gives up the wait. */
  enqueue(server: string): { readonly turn: Promise<void>; leave(): void } | undefined {
    if (this.#waiting >= this.#options.waiting) return undefined
    const queue = this.#queueOf(server)
    const { promise: turn, resolve } = Promise.withResolvers<void>()
    queue.waiting.add(resolve)
    this.#waiting++
    const leave = () => {
      if (queue.waiting.delete(resolve)) this.#waiting--
      else this.release(server)
    }
    return { turn, leave }
  }

  release(server: string): void {
    const queue = this.#queueOf(server)
    queue.active--
    this.#active--
    this.#admit(queue)
    if (this.#waiting > 0) for (const other of this.#queues.values()) this.#admit(other)
    if (this.#queues.size > maxIdleQueues) this.#forgetIdle()
  }

  #forgetIdle(): void {
    for (const [name, { active, waiting }] of this.#queues) {
      if (active === 0 && waiting.size === 0) this.#queues.delete(name)
    }
  }

  #admit(queue: Queue): void {
    while (queue.waiting.size > 0 && this.#hasRoom(queue)) {
      const [next] = queue.waiting
      if (next === undefined) return
      queue.waiting.delete(next)
      this.#waiting--
      this.#take(queue)
      next()
    }
  }

  #take(queue: Queue): void {
    queue.active++
    this.#active++
  }

  #hasRoom(queue: Queue): boolean {
    return this.#active < this.#options.total && queue.active < this.#options.perServer
  }

  #queueOf(server: string): Queue {
    let queue = this.#queues.get(server)
    if (queue === undefined) {
      queue = { active: 0, waiting: new Set() }
      this.#queues.set(server, queue)
    }
    return queue
  }
}
