/** A kubeconfig with one context, `lab`. */
export function kubeconfig(server: string, caFile: string, user: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'lab',
          cluster: { server, ...(server.startsWith('https:') ? { 'certificate-authority': caFile } : {}) },
        },
      ],
      users: [{ name: 'lab', user }],
      contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab' } }],
      'current-context': 'lab',
    },
    undefined,
    2,
  )}\n`
}
