/** The alerts that users may rely on, with the severities each can have. Runbooks, routes and rules are held against it. */
export const contractAlerts = {
  KubeletsStrandedByELBChange: ['critical', 'warning'],
  KubeletsStrandedByDNSChange: ['critical'],
  KubernetesNodesNotReadyRatioHigh: ['critical', 'warning'],
  KubernetesNodesFlapped: ['warning'],
  KubeletHeartbeatsStale: ['warning'],
  ConnectionsStalledToRetiredAddress: ['critical', 'warning'],
  ConnectionsToRetiredAddress: ['warning'],
  ELBAddressChurnHigh: ['warning'],
  ELBAddressChanged: ['info'],
  DNSAnswerChanged: ['info'],
  DNSAnswersDisagree: ['warning'],
  DNSQueriesFailing: ['warning'],
  KubernetesAPIUnreachable: ['critical'],
  ElbChurnExporterDown: ['warning'],
  ElbChurnCollectorFailing: ['warning'],
  ElbChurnConfigReloadFailed: ['warning'],
} as const

/** Fires always; the dead man's switch hangs on it. */
export const watchdog = 'ElbChurnWatchdog'

export type ContractAlert = keyof typeof contractAlerts
