/** Vertical marks on every panel with a time axis. */
import { AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import type { Vector } from '../alerts/promql.ts'
import { colors } from './colors.ts'
import type { Scope } from './promql.ts'
import { firing } from './queries/alerts.ts'
import { dnsChangeTimes, elbChangeTimes } from './queries/changes.ts'
import { datasource } from './variables.ts'

/** Where an address came or left. The value of the series is the time of the mark, so that no scrape delays it. */
export function elbChanges(scope: Scope): AnnotationQueryBuilder {
  return marks('ELB changes', elbChangeTimes(scope), colors.critical)
    .titleFormat('{{load_balancer}}: address {{change}}')
    .textFormat('An address of {{load_balancer}} was {{change}}.')
    .tagKeys('load_balancer,change')
    .useValueForTime(true)
}

export function dnsChanges(scope: Scope): AnnotationQueryBuilder {
  return marks('DNS changes', dnsChangeTimes(scope), colors.purple)
    .titleFormat('{{hostname}} {{type}} changed')
    .textFormat('The {{type}} answer of {{hostname}} at {{resolver}} changed.')
    .tagKeys('hostname,resolver')
    .useValueForTime(true)
}

/** A region for as long as each fires. */
export function alertsFiring(scope: Scope): AnnotationQueryBuilder {
  return marks('Alerts firing', firing(scope), colors.warning)
    .titleFormat('{{alertname}}')
    .textFormat('{{severity}}')
    .tagKeys('severity')
}

function marks(name: string, of: Vector<string>, color: string): AnnotationQueryBuilder {
  const target = new DataqueryBuilder().refId('Anno').expr(of.text).range().datasource(datasource)
  return new AnnotationQueryBuilder().name(name).datasource(datasource).enable(true).iconColor(color).target(target)
}
