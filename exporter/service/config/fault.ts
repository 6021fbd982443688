/** Keys and indices from the top of the config to a value. */
export type Path = readonly (string | number)[]

export interface Fault {
  readonly path: Path
  readonly message: string
  /** true where the fault lies in a key and not in its value */
  readonly atKey?: boolean
}
