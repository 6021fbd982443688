import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'

/** The addresses of a name in the text of a hosts file, in its order (hosts(5)). Case does not count. */
export function addressesInHosts(text: string, hostname: string): string[] {
  const wanted = hostname.toLowerCase()
  const addresses: string[] = []
  for (const line of text.split('\n')) {
    const [content = ''] = line.split('#')
    const [address = '', ...names] = content.trim().split(/\s+/)
    if (isIP(address) !== 0 && names.some((name) => name.toLowerCase() === wanted)) addresses.push(address)
  }
  return [...new Set(addresses)]
}

/** Without a file, or with one that cannot be read, nothing is in it, as the C library has it. */
export async function readHosts(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return ''
  }
}
