import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseResolvConf, ResolvConf } from '../../../../exporter/sources/dns/resolv-conf.ts'
import { TestClock } from '../../clock.ts'

function texts(content: string): string[] {
  return parseResolvConf(content).map(({ text }) => text)
}

test('Nameservers are read in order, IPv6 and scope ids included, at most three', () => {
  const content = [
    '# nameserver 10.9.9.9',
    '; nameserver 10.9.9.8',
    'search example.com',
    'nameserver   10.0.0.2',
    '\tnameserver FD00::2 # trailing words',
    'nameserver fe80::1%lo',
    'nameserver 10.0.0.4',
    'options ndots:5',
  ].join('\r\n')
  assert.deepEqual(texts(content), ['10.0.0.2:53', '[fd00::2]:53', '[fe80::1%lo]:53'])
})

test('Without a usable nameserver it is this machine', () => {
  for (const content of ['', 'search example.com\n', 'nameserver\n', 'nameserver dns.example.com\n']) {
    assert.deepEqual(texts(content), ['127.0.0.1:53'])
  }
})

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'resolv-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

test('A file that is swapped by moving a link is read anew within a second', async (t) => {
  const root = await folder(t)
  for (const [version, address] of [
    ['v1', '10.0.0.1'],
    ['v2', '10.0.0.2'],
  ] as const) {
    await mkdir(join(root, version))
    await writeFile(join(root, version, 'resolv.conf'), `nameserver ${address}\n`)
  }
  await symlink('v1', join(root, 'data'))
  const clock = new TestClock()
  const conf = new ResolvConf({ path: join(root, 'data', 'resolv.conf'), clock })
  const read = async () => (await conf.servers()).map(({ address }) => address)
  assert.deepEqual(await read(), ['10.0.0.1'])
  await symlink('v2', join(root, 'data.new'))
  await rename(join(root, 'data.new'), join(root, 'data'))
  await clock.advance(999)
  assert.deepEqual(await read(), ['10.0.0.1'])
  await clock.advance(1)
  assert.deepEqual(await read(), ['10.0.0.2'])
})

test('A file that is gone leaves the last nameservers; one that never was means this machine', async (t) => {
  const path = join(await folder(t), 'resolv.conf')
  const clock = new TestClock()
  const conf = new ResolvConf({ path, clock })
  const read = async () => (await conf.servers()).map(({ text }) => text)
  assert.deepEqual(await read(), ['127.0.0.1:53'])
  await writeFile(path, 'nameserver 10.0.0.1\n')
  await clock.advance(1_000)
  assert.deepEqual(await read(), ['10.0.0.1:53'])
  await rm(path)
  await clock.advance(1_000)
  assert.deepEqual(await read(), ['10.0.0.1:53'])
})

test('A path that cannot be read as a file is an error that names it', async (t) => {
  const path = await folder(t)
  await assert.rejects(new ResolvConf({ path, clock: new TestClock() }).servers(), /EISDIR/)
})
