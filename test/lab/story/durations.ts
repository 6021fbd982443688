/** How long things take in a cluster whose API addresses change, in ms, each with where it is laid down. */

/** A kubelet renews its lease at a quarter of nodeLeaseDurationSeconds, 40 s: kubelet.config.k8s.io/v1beta1. */
export const leaseRenewalMs = 10_000

/** kube-controller-manager --node-monitor-grace-period; 50 s since Kubernetes 1.32, 40 s before. */
export const gracePeriodMs = 40_000

/** kube-controller-manager --node-monitor-period: how often the node controller looks. */
export const monitorPeriodMs = 5_000

/**
 * Linux, Documentation/networking/ip-sysctl: with tcp_retries2 at its default of 15 a connection is given up after a
 * hypothetical time-out of 924.6 s, "a lower bound for the effective timeout".
 */
export const tcpHangMs = 924_600

/** TCP_RTO_MIN and TCP_RTO_MAX of Linux: each time-out is twice the one before. The 16th comes after `tcpHangMs`. */
export const rtoMinMs = 200
export const rtoMaxMs = 120_000

/**
 * HTTP2_READ_IDLE_TIMEOUT_SECONDS 30 and HTTP2_PING_TIMEOUT_SECONDS 15 of k8s.io/apimachinery/pkg/util/net: such a
 * client leaves a dead connection 45 s after the last frame that it received.
 */
export const pingHangMs = 45_000

/** After an HTTP/2 reconnect a node is Ready again within 5 to 60 s: the flap that has been seen in the field. */
export const readyAfterPingMs = { least: 5_000, most: 60_000 } as const

/** From the registration of a new node to its first Ready: the network plugin comes up. */
export const startupMs = 30_000
