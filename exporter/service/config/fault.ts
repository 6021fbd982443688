/** Keys and indices from the top of the config to a value. */
export type Path = readonly (string | number)[]

export interface Fault {
  readonly path: Path
  /** The path as it is told, where a key of it may be a secret that was written in the wrong place. */
  readonly shown?: Path
  readonly message: string
  /** true where the fault lies in a key and not in its value */
  readonly atKey?: boolean
}
