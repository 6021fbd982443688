/** The workflows of GitHub: who may do what, what they take from others, and their scripts, run against stand-ins. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'

const checkout = resolve(import.meta.dirname, '../..')
const folder = join(checkout, '.github/workflows')

interface Step {
  readonly name?: string
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>
  readonly uses?: string
  readonly needs?: string | readonly string[]
  readonly steps?: readonly Step[]
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions?: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}

const texts = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
const workflows = new Map([...texts].map(([name, text]) => [name, parse(text) as Workflow]))
const jobs = [...workflows].flatMap(([name, workflow]) =>
  Object.entries(workflow.jobs).map(([id, job]) => ({ place: `${name} ${id}`, job, workflow })),
)
const scripts = jobs.flatMap(({ place, job: { steps = [] } }) =>
  steps.flatMap(({ name, run }) => (run === undefined ? [] : [{ place: `${place}: ${name ?? run}`, run }])),
)

const release = workflows.get('release.yml')
assert.ok(release)

/** A step of the release whose name begins so. */
function script(job: string, begin: string): string {
  const step = release?.jobs[job]?.steps?.find(({ name }) => name?.startsWith(begin))
  assert.ok(step?.run, `${job} has no step ${begin}`)
  return step.run
}

/** Runs a script as GitHub does, in a copy of what it reads, with stand-ins for the tools that it calls. */
async function play(run: string, files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>>) {
  const work = await mkdtemp(join(tmpdir(), 'workflow-'))
  try {
    await mkdir(join(work, 'deploy/helm/elb-churn-exporter'), { recursive: true })
    for (const name of ['package.json', 'Dockerfile', 'CHANGELOG.md', 'deploy/helm/elb-churn-exporter/Chart.yaml']) {
      await cp(join(checkout, name), join(work, name))
    }
    for (const [name, text] of Object.entries(files)) await writeFile(join(work, name), text)
    await mkdir(join(work, 'bin'))
    for (const [name, body] of Object.entries(standIns)) {
      await writeFile(join(work, 'bin', name), `#!/bin/bash\nprintf '${name} %s\\n' "$*" >> calls\n${body}`, {
        mode: 0o755,
      })
    }
    const { status, stdout, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run], {
      cwd: work,
      encoding: 'utf8',
      env: {
        PATH: `${work}/bin:${dirname(process.execPath)}:${process.env.PATH}`,
        GITHUB_OUTPUT: join(work, 'output'),
        ...env,
      },
    })
    const read = async (name: string) => (existsSync(join(work, name)) ? await readFile(join(work, name), 'utf8') : '')
    return {
      status,
      said: stdout + stderr,
      calls: await read('calls'),
      output: await read('output'),
      notes: await read('notes.md'),
    }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

const standIns = {
  docker: `case "$*" in
    *imagetools\\ inspect*) [ -z "$NO_REGISTRY" ] && echo "sha256:$(echo "\${@: -1}" | sha256sum | cut -c1-64)" ;;
    *--metadata-file*) echo '{"containerimage.digest": "sha256:built"}' > metadata.json ;;
  esac`,
  git: 'echo 2026-01-02T03:04:05Z',
  gh: '',
}

const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
const tagged = { GITHUB_REF_NAME: `v${version}` }
const changelog = `# Changelog\n\n## ${version} (today)\n\n- [FEATURE] This one.\n\n## 0.0.1\n\n- [FEATURE] Another.\n`

describe('the workflows', () => {
  it('give each job what it needs and no more', () => {
    const given = jobs.map(({ place, job, workflow }) => [place, job.permissions ?? workflow.permissions])
    assert.deepEqual(Object.fromEntries(given), {
      'ci.yml check': { contents: 'read' },
      'ci.yml slower': { contents: 'read' },
      'release.yml check': { contents: 'read' },
      'release.yml version': { contents: 'read' },
      'release.yml image': { contents: 'read', packages: 'write' },
      'release.yml smoke': { packages: 'read' },
      'release.yml publish': { contents: 'write', packages: 'write' },
    })
    assert.deepEqual(release.permissions, {}, 'a job that is added has nothing')
  })

  it('take actions of others by their commit, and keep no credentials in the checkout', () => {
    for (const [name, text] of texts) {
      for (const [line] of text.matchAll(/^.*\buses: .*$/gm)) {
        assert.match(line, /uses: (\.\/\.github\/workflows\/[\w.-]+$|[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$)/, name)
      }
    }
    for (const { place, job } of jobs) {
      if (job.uses !== undefined) assert.ok(existsSync(join(checkout, job.uses)), `${place} calls what is not there`)
      for (const { uses, with: options } of job.steps ?? []) {
        if (uses?.startsWith('actions/checkout@')) assert.equal(options?.['persist-credentials'], false, place)
      }
    }
  })

  it('put nothing into a script that could be a script, and each script can be parsed', () => {
    assert.ok(scripts.length > 8)
    for (const { place, run } of scripts) {
      assert.ok(!run.includes('${{'), `${place}: take it from env`)
      const { status, stderr } = spawnSync('bash', ['-n'], { input: run, encoding: 'utf8' })
      assert.equal(status, 0, `${place}: ${stderr}`)
    }
  })

  it('call only commands of package.json and files of the checkout that can be run', () => {
    const known = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')).scripts
    const all = [...scripts, { place: '.ci/run', run: readFileSync(join(checkout, '.ci/run'), 'utf8') }]
    const called: string[] = []
    for (const { place, run } of all) {
      for (const [, name = ''] of run.matchAll(/\bnpm run ([\w:-]+)/g))
        assert.ok(name in known, `${place}: npm run ${name}`)
      for (const [, path = ''] of run.matchAll(/(?:^|[\s'"(])((?:\.ci|deploy|test)\/[\w./-]+)/gm)) {
        called.push(path)
        if (/\.sh$|^\.ci\//.test(path)) accessSync(join(checkout, path), constants.X_OK)
        else assert.ok(existsSync(join(checkout, path)), `${place}: ${path}`)
      }
    }
    for (const path of ['.ci/run', 'deploy/sbom.sh', 'test/image/build.sh']) assert.ok(called.includes(path), path)
  })
})

describe('a release', () => {
  it('comes of a tag alone, after the whole of CI, and is published after it ran on both architectures', () => {
    assert.deepEqual(release.on, { push: { tags: ['v*'] } })
    const needs = Object.fromEntries(
      Object.entries(release.jobs).map(([id, { needs: named = [] }]) => [id, [named].flat()]),
    )
    assert.deepEqual(needs, {
      check: [],
      version: [],
      image: ['check', 'version'],
      smoke: ['image'],
      publish: ['image', 'smoke'],
    })
    assert.equal(release.jobs.check?.uses, './.github/workflows/ci.yml')
    assert.ok('workflow_call' in (workflows.get('ci.yml')?.on ?? {}))
  })

  it('is refused where tag, package.json, chart and changelog do not agree', async () => {
    const run = script('version', 'The tag')
    const good = { 'CHANGELOG.md': changelog }
    assert.equal((await play(run, good, tagged)).status, 0)
    const wrong = await play(run, good, { GITHUB_REF_NAME: 'v9.9.9' })
    assert.equal(wrong.status, 1)
    assert.match(wrong.said, /the tag v9\.9\.9 is not v/)
    const untold = await play(run, { 'CHANGELOG.md': '# Changelog\n\n## Unreleased\n' }, tagged)
    assert.match(`${untold.status} ${untold.said}`, /^1 CHANGELOG\.md has no section/)
    const chart = { ...good, 'deploy/helm/elb-churn-exporter/Chart.yaml': 'version: 0.0.9\n' }
    assert.match((await play(run, chart, tagged)).said, /the chart is not of version/)
  })

  it('is built for both architectures on bases by their digests, with SBOM, provenance and every label', async () => {
    const env = {
      ...tagged,
      GITHUB_REPOSITORY: 'Some/Where',
      GITHUB_SHA: 'abc',
      GITHUB_SERVER_URL: 'https://github.com',
    }
    const { status, said, calls, output } = await play(script('image', 'Build'), {}, env)
    assert.equal(status, 0, said)
    assert.match(output, /^name=ghcr\.io\/some\/where\ndigest=sha256:built\n$/)
    const built = calls.split('\n').find((line) => line.startsWith('docker buildx build')) ?? ''
    assert.match(built, / --platform linux\/amd64,linux\/arm64 --sbom=true --provenance=mode=max /)
    assert.match(
      built,
      / --output type=image,name=ghcr\.io\/some\/where,push-by-digest=true,name-canonical=true,push=true /,
    )
    const given = Object.fromEntries(
      [...built.matchAll(/--build-arg (\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
    )
    const dockerfile = await readFile(join(checkout, 'Dockerfile'), 'utf8')
    const wanted = [...dockerfile.matchAll(/^ARG (\w+)/gm)].map(([, name]) => name)
    assert.deepEqual(Object.keys(given).sort(), wanted.sort(), 'each ARG of the Dockerfile has a value')
    for (const name of ['BUILD_IMAGE', 'RUNTIME_IMAGE']) {
      const tag = new RegExp(`^ARG ${name}=([^@\n]+)`, 'm').exec(dockerfile)?.[1]
      assert.match(given[name] ?? '', new RegExp(`^${tag}@sha256:[0-9a-f]{64}$`))
    }
    assert.equal(`${given.BASE_NAME}@${given.BASE_DIGEST}`, given.RUNTIME_IMAGE)
    assert.deepEqual([given.VERSION, given.REVISION, given.SOURCE], [version, 'abc', 'https://github.com/Some/Where'])
  })

  it('is not built where a base has no digest', async () => {
    const env = { ...tagged, GITHUB_REPOSITORY: 'a/b', GITHUB_SHA: 'abc', GITHUB_SERVER_URL: 'x', NO_REGISTRY: '1' }
    const { status, calls } = await play(script('image', 'Build'), {}, env)
    assert.notEqual(status, 0)
    assert.doesNotMatch(calls, /buildx build/)
  })

  it('says what the changelog says of this version, and where the image is', async () => {
    const env = { ...tagged, IMAGE: 'ghcr.io/a/b', DIGEST: 'sha256:built' }
    const { status, notes, calls } = await play(script('publish', 'The release'), { 'CHANGELOG.md': changelog }, env)
    assert.equal(status, 0)
    assert.equal(notes.trim(), `- [FEATURE] This one.\n\n\nImage: \`ghcr.io/a/b:${version}@sha256:built\``)
    assert.match(calls, new RegExp(`^gh release create v${version} --verify-tag .*--notes-file notes\\.md out/`, 'm'))
  })

  it('sets values that the chart has', async () => {
    const run = script('publish', 'The chart')
    const values = parse(await readFile(join(checkout, 'deploy/helm/elb-churn-exporter/values.yaml'), 'utf8'))
    const paths = [...run.matchAll(/\.(\w+)\.(\w+) = strenv/g)]
    assert.equal(paths.length, 2)
    for (const [, section = '', key = ''] of paths)
      assert.equal(typeof values[section][key], 'string', `${section}.${key}`)
  })
})
