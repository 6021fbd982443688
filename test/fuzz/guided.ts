/**
 * Coverage-guided fuzzing by Jazzer.js, which is libFuzzer for Node: `npm run fuzz [target] [seconds]`. What it finds new
 * stays in `.cache/fuzz/corpus`; what breaks a promise is written to `.cache/fuzz/crash-*`, and belongs into
 * `test/fuzz/corpus/<target>` with the fix. Jazzer is fetched when it is first wanted: nothing else needs it.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { corpusFolder } from './corpus.ts'
import { withNewerGlibc } from './newer-glibc.ts'
import type { FuzzTarget } from './target.ts'
import { fuzzTargets } from './targets/index.ts'

const execute = promisify(execFile)
const jazzer = '@jazzer.js/core@4.0.0'
const root = resolve(import.meta.dirname, '../..')
const home = join(root, '.cache/fuzz')
const inputLimit = 4096
/** Start, end, and one input that never ends. */
const hangSeconds = 60

const [wanted = 'all', seconds = '30'] = process.argv.slice(2)
const targets = fuzzTargets().filter(({ name }) => wanted === 'all' || name === wanted)
if (targets.length === 0 || !(Number(seconds) > 0)) {
  const names = fuzzTargets().map(({ name }) => name)
  process.stderr.write(`usage: npm run fuzz [all|${names.join('|')}] [seconds for each]\n`)
  process.exit(2)
}

const cli = await install()
await execute(join(root, 'node_modules/.bin/tsc'), ['-p', join(import.meta.dirname, 'tsconfig.json')], { cwd: root })
const loader = await withNewerGlibc(home)
for (const target of targets) {
  const code = await fuzz(target)
  if (code !== 0) {
    process.stderr.write(`${target.name}: a promise is broken, or the fuzzer failed (exit ${code})\n`)
    process.exit(1)
  }
}

async function install(): Promise<string> {
  const folder = join(home, 'jazzer')
  const command = join(folder, 'node_modules/@jazzer.js/core/dist/cli.js')
  if ((await readdir(join(command, '..')).catch(() => [])).length > 0) return command
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n')
  await execute('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', jazzer], { cwd: folder })
  return command
}

async function fuzz({ name, seeds }: FuzzTarget): Promise<number> {
  const corpus = join(home, 'corpus', name)
  await mkdir(corpus, { recursive: true })
  await Promise.all(seeds().map((seed, index) => writeFile(join(corpus, `seed-${index}`), seed)))
  const kept = join(corpusFolder, name)
  await mkdir(kept, { recursive: true })
  const entry = join(home, `${name}.mjs`)
  await writeFile(entry, entryOf(name))
  const command = [...loader, process.execPath]
  // Its detectors of attacks look at file names and connections, and the targets have their own of both.
  const filters = ['-i', '.cache/fuzz/dist', '-i', 'dns-packet', '-e', 'node_modules/@', '--disableBugDetectors', '.*']
  // A hang is ended from here: libFuzzer's clock is SIGALRM, which breaks off writes and ends those that fsync.
  const patient = ['--timeout', String(1e8)]
  const libFuzzer = [`-max_total_time=${seconds}`, `-max_len=${inputLimit}`, '-print_final_stats=1']
  const args = [...command.slice(1), cli, entry, corpus, kept, ...filters, ...patient, '--', ...libFuzzer]
  const timeout = (Number(seconds) + hangSeconds) * 1000
  const child = spawn(command[0] ?? '', args, { cwd: home, stdio: 'inherit', timeout })
  const [code, signal] = await once(child, 'exit')
  if (signal !== null) process.stderr.write(`the fuzzer was ended by ${String(signal)}\n`)
  return typeof code === 'number' ? code : 1
}

function entryOf(name: string): string {
  return `import { fuzzTargets } from './dist/test/fuzz/targets/index.js'
const target = fuzzTargets().find(({ name }) => name === '${name}')
export const fuzz = (data) => target.run(Buffer.from(data))
`
}
