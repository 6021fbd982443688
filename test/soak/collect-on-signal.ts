/** Loaded into the exporter under test: SIGUSR2 collects all garbage, so that what is left of the heap can be told from what is not yet gone. */
declare const gc: () => void

process.on('SIGUSR2', () => gc())
