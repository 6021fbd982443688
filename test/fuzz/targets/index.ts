import type { FuzzTarget } from '../target.ts'
import { awsReply } from './aws-reply.ts'
import { configFile } from './config-file.ts'
import { dnsReply } from './dns-reply.ts'
import { kubernetesList, kubernetesWatch } from './kubernetes-stream.ts'
import { procRows } from './proc-rows.ts'
import { stateFile } from './state-file.ts'
import { webConfig } from './web-config.ts'

/** Everything that bytes come into from outside. */
export function fuzzTargets(): readonly FuzzTarget[] {
  return [dnsReply, awsReply(), kubernetesWatch, kubernetesList, configFile, stateFile, webConfig, procRows]
}
