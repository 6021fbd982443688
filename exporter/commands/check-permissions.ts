/** `check-config --permissions`: what the exporter would ask, and whether it may. */
import { type Verdict, verdicts } from '../core/access.ts'
import { systemClock } from '../service/clock.ts'
import type { Config } from '../service/config/config.ts'
import { checkPermissions, type Finding } from '../service/permissions.ts'
import { signals } from '../signals/index.ts'
import { createDnsClient } from '../sources/dns/create-client.ts'

export const permissionFormats = ['table', 'json'] as const

export interface PermissionFlags {
  readonly format: (typeof permissionFormats)[number]
  readonly 'storage.path'?: string
}

/** All calls together; those that are still open then count as unreachable. */
const limitMs = 60_000

/** Exit code 0 where nothing is missing. What could not be tried for want of something to ask about is not missing. */
export async function checkPermissionsOf(config: Config, flags: PermissionFlags): Promise<number> {
  const { 'storage.path': storage, format } = flags
  const dns = createDnsClient({ resolvConfPath: config.resolvConf, clock: systemClock })
  const findings = await checkPermissions(config, {
    signals,
    dns,
    clock: systemClock,
    signal: AbortSignal.timeout(limitMs),
    ...(storage !== undefined && { storage }),
  })
  await dns.close()
  const ok = findings.every(({ verdict }) => verdict === 'ok' || verdict === 'not tried')
  const text = format === 'json' ? `${JSON.stringify({ ok, calls: findings }, null, 2)}\n` : renderTable(findings)
  process.stdout.write(text)
  return ok ? 0 : 1
}

const heads = ['RESULT', 'CLUSTER', 'SECTION', 'CALL', 'ON'] as const

/** Columns, and below a call that is not well what was seen and what to grant. */
export function renderTable(findings: readonly Finding[]): string {
  const rows = findings.map(({ verdict, cluster, section, call, on }) => [verdict, cluster || '-', section, call, on])
  const widths = heads.map((head, column) =>
    Math.max(...[[...heads], ...rows].map((row) => row[column]?.length ?? 0), head.length),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  const indent = ' '.repeat((widths[0] ?? 0) + 2)
  const body = findings.flatMap(({ detail, grant }, index) => [
    line(rows[index] ?? []),
    ...(detail === '' ? [] : [`${indent}${detail}`]),
    ...(grant === undefined ? [] : [`${indent}grant: ${grant}`]),
  ])
  return `${[line(heads), ...body, '', summary(findings)].join('\n')}\n`
}

function summary(findings: readonly Finding[]): string {
  const counts = verdicts.map((verdict): [Verdict, number] => [
    verdict,
    findings.filter((finding) => finding.verdict === verdict).length,
  ])
  const told = counts.filter(([, count]) => count > 0).map(([verdict, count]) => `${count} ${verdict}`)
  return `${findings.length} ${findings.length === 1 ? 'call' : 'calls'}: ${told.join(', ')}`
}
