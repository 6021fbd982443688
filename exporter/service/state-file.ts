/**
 * What must survive a restart: the last good answers and address sets with their change times. Held in memory, written
 * whole by an atomic replace, so that a kill at any moment leaves the old file or the new one.
 */
import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import writeFileAtomic from 'write-file-atomic'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import { isMap } from '../core/json.ts'
import type { Books } from '../signals/signal.ts'
import type { Logger } from './log.ts'
import { makeFolder } from './make-folder.ts'

const formatVersion = 1
const fileName = 'state.json'
/** What write-file-atomic writes before it replaces the file. */
const temporaryName = /^state\.json\.\d+$/
/** What was set aside as damaged, named by the time. Of these the newest are kept, for whoever wants to know why. */
const asideName = /^state\.json\.damaged-\d+$/
const keptAside = 3
/** A burst of changes is written once; the disk is synced at most this often. */
const gatherMs = 50
const minGapMs = 1_000

export interface StateFileDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly onSaved: (ok: boolean) => void
}

type Owners = Map<string, Map<string, unknown>>

export class StateFile {
  readonly #path: string | undefined
  readonly #deps: StateFileDeps
  readonly #owners: Owners
  #dirty = false
  #saving: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #lastWrite = Number.NEGATIVE_INFINITY
  #failing = false

  private constructor(path: string | undefined, owners: Owners, deps: StateFileDeps) {
    this.#path = path
    this.#owners = owners
    this.#deps = deps
  }

  /** Reads `folder`/state.json. A damaged file is set aside and told, never fatal. Without a folder nothing is kept. */
  static async open(folder: string | undefined, deps: StateFileDeps): Promise<StateFile> {
    if (folder === undefined) return new StateFile(undefined, new Map(), deps)
    const path = join(folder, fileName)
    await makeFolder(folder).catch((error: unknown) => {
      const advice = 'change times will not survive a restart; give another --storage.path or make the folder'
      deps.log.warn({ folder, err: messageOf(error), advice }, 'storage folder cannot be made')
    })
    await removeLeftovers(folder)
    try {
      return new StateFile(path, parseState(await readFile(path, 'utf8')), deps)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') await setAside(path, error, deps)
      return new StateFile(path, new Map(), deps)
    }
  }

  owner(owner: string): Books {
    const books = () => this.#owners.get(owner)
    return {
      get: (key) => books()?.get(key),
      set: (key, book) => {
        const map = books() ?? new Map<string, unknown>()
        this.#owners.set(owner, map)
        if (isDeepStrictEqual(map.get(key), book)) return
        map.set(key, book)
        this.#touch()
      },
      delete: (key) => {
        if (books()?.delete(key) === true) this.#touch()
      },
      keys: () => [...(books()?.keys() ?? [])],
    }
  }

  /** Forgets the owners that are not in `keep`. */
  retainOwners(keep: ReadonlySet<string>): void {
    for (const owner of this.#owners.keys()) if (!keep.has(owner) && this.#owners.delete(owner)) this.#touch()
  }

  /** Writes what is not written yet. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#saving
    if (this.#dirty) await this.#save()
  }

  #touch(): void {
    this.#dirty = true
    if (this.#path === undefined || this.#timer !== undefined || this.#saving !== undefined) return
    const wait = Math.max(gatherMs, this.#lastWrite + minGapMs - this.#deps.clock.monotonic())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#save()
    }, wait)
    this.#timer.unref()
  }

  async #save(): Promise<void> {
    if (this.#path === undefined) return
    this.#dirty = false
    this.#saving = this.#write(this.#path)
    await this.#saving
    this.#saving = undefined
    if (this.#dirty) this.#touch()
  }

  async #write(path: string): Promise<void> {
    this.#lastWrite = this.#deps.clock.monotonic()
    try {
      await writeFileAtomic(path, serializeState(this.#owners), { mode: 0o640 })
      if (this.#failing) this.#deps.log.info({ path }, 'state file is saved again')
      this.#failing = false
    } catch (error) {
      this.#dirty = true
      const advice = 'change times seen since do not survive a restart; check space and rights of --storage.path'
      if (!this.#failing) this.#deps.log.warn({ path, err: messageOf(error), advice }, 'state file cannot be saved')
      this.#failing = true
    }
    this.#deps.onSaved(!this.#failing)
  }
}

function serializeState(owners: Owners): string {
  const plain = Object.fromEntries([...owners].map(([owner, books]) => [owner, Object.fromEntries(books)]))
  return `${JSON.stringify({ version: formatVersion, owners: plain })}\n`
}

function parseState(text: string): Owners {
  const state: unknown = JSON.parse(text)
  if (!isMap(state) || state.version !== formatVersion || !isMap(state.owners)) {
    throw new Error(`not a state file of version ${formatVersion}`)
  }
  return new Map(
    Object.entries(state.owners).map(([owner, books]) => [owner, new Map(isMap(books) ? Object.entries(books) : [])]),
  )
}

async function setAside(path: string, error: unknown, { clock, log }: StateFileDeps): Promise<void> {
  const aside = `${path}.damaged-${clock.now()}`
  try {
    await rename(path, aside)
    const advice = 'starting without a baseline: changes during the downtime are not seen'
    log.warn({ path, aside, err: messageOf(error), advice }, 'state file is damaged and was set aside')
    await removeLeftovers(dirname(path))
  } catch {
    const advice = 'change times will not survive a restart; check the rights of --storage.path'
    log.warn({ path, err: messageOf(error), advice }, 'state file cannot be read')
  }
}

/** A kill in the middle of a save leaves the temporary file, under another name each time. */
async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  const aside = names.filter((each) => asideName.test(each)).sort((left, right) => timeOf(right) - timeOf(left))
  for (const name of [...names.filter((each) => temporaryName.test(each)), ...aside.slice(keptAside)]) {
    // Where it cannot be removed, saving tells of it.
    await rm(join(folder, name), { force: true }).catch(() => undefined)
  }
}

function timeOf(name: string): number {
  return Number(name.split('-').at(-1))
}
