/** What is in the image: node inspect.ts ROOT IMAGE.json SBOM.json NAME=VALUE..., the latter its build arguments. */
import assert from 'node:assert/strict'
import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'

const [root = '', image = '', sbom = '', ...given] = process.argv.slice(2)
const built = Object.fromEntries(given.map((pair) => pair.split(/=(.*)/s)))

/** Programs by which somebody who got in could go on. */
const tools = /^(a|ba|da|k|z)?sh$|^(busybox|npm|npx|corepack|yarn|pnpm|apt(-get)?|dpkg|perl|python[\d.]*|curl|wget)$/

checkConfig()
const files = everyFile(root)
checkFiles()
checkComponents()

function checkConfig(): void {
  const { config, architecture, os } = readJson(image).OCIv1
  assert.equal(os, 'linux')
  assert.equal(architecture, { x64: 'amd64', arm64: 'arm64' }[process.arch as string])
  assert.match(config.User, /^[1-9]\d*:[1-9]\d*$/, 'the user is a number that is not root')
  assert.deepEqual(
    [config.Entrypoint.at(0), config.Entrypoint.at(-1)],
    ['/usr/local/bin/node', '/app/dist/exporter/main.js'],
    'node itself is process 1, with nothing between it and its signals',
  )
  assert.ok('9903/tcp' in config.ExposedPorts)
  assert.equal(config.StopSignal, 'SIGTERM')
  assert.ok(config.Env.includes('NODE_ENV=production'))
  const labels = Object.fromEntries(
    Object.entries(config.Labels).map(([key, value]) => [key.replace('org.opencontainers.image.', ''), value]),
  )
  const { title, description, licenses, ...ofBuild } = labels
  assert.ok(description)
  assert.deepEqual([title, licenses], ['elb-churn-exporter', 'Apache-2.0'])
  delete ofBuild['io.buildah.version']
  assert.deepEqual(ofBuild, {
    version: built.VERSION,
    revision: built.REVISION,
    created: built.CREATED,
    source: built.SOURCE,
    url: built.SOURCE,
    documentation: `${built.SOURCE}#readme`,
    'base.name': built.BASE_NAME,
    'base.digest': built.BASE_DIGEST,
  })
}

function checkFiles(): void {
  const paths = files.map((file) => pathOf(file))
  assert.ok(paths.length > 100, 'the files were found')
  assert.deepEqual(
    files.filter(({ name }) => tools.test(name)).map((file) => pathOf(file)),
    [],
  )
  assert.deepEqual(
    paths.filter((path) => path.startsWith('app/') && /\.(ts|cts|mts|map)$/.test(path)),
    [],
    'types and source maps, which nothing reads',
  )
  assert.deepEqual(
    paths.filter((path) => path.endsWith('.node')).sort(),
    ['linux-arm64', 'linux-x64'].map((system) => `app/node_modules/bcrypt/prebuilds/${system}/bcrypt.glibc.node`),
    'native addons',
  )
  for (const file of files) {
    if (!file.isFile()) continue
    const { mode, uid } = statSync(join(file.parentPath, file.name))
    assert.equal(mode & 0o6000, 0, `${pathOf(file)} gives its rights to whoever runs it`)
    if (pathOf(file).startsWith('app/'))
      assert.deepEqual([uid, mode & 0o022], [0, 0], `${pathOf(file)} could be changed`)
  }
}

/** The SBOM tells what is there: no more, no less. */
function checkComponents(): void {
  const there = files.filter((file) => /(^|\/)node_modules\/(@[^/]+\/)?[^/@.][^/]*\/package\.json$/.test(pathOf(file)))
  const installed = there.map((file) => {
    const { name, version } = readJson(join(file.parentPath, file.name))
    return `${name}@${version}`
  })
  const { packages, documentDescribes } = readJson(sbom)
  const listed = packages
    .filter(({ SPDXID }: { SPDXID: string }) => !documentDescribes.includes(SPDXID))
    .map(({ name, versionInfo }: { name: string; versionInfo: string }) => `${name}@${versionInfo}`)
  assert.ok(installed.length > 20, 'the packages were found')
  const difference = {
    unlisted: installed.filter((each) => !listed.includes(each)),
    absent: listed.filter((each: string) => !installed.includes(each)),
  }
  assert.deepEqual(difference, { unlisted: [], absent: [] })
  process.stdout.write(`image: ${new Set(installed).size} packages, as the SBOM lists them\n`)
}

function pathOf({ parentPath, name }: Dirent): string {
  return relative(root, join(parentPath, name))
}

function everyFile(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => !entry.isDirectory())
}

function readJson(path: string) {
  return JSON.parse(readFileSync(path, 'utf8'))
}
