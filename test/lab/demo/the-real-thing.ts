/** A config to begin with; a test checks it. */
export const firstConfig = `clusters:
  - name: prod-us-west-2
    nodes: {context: prod-us-west-2}
    load_balancers:
      - {region: us-west-2, names: [k8s-api], interfaces: true}
    dns:
      resolvers: [system, authoritative]
      names: [{hostname: api.prod.example.com}]
`

export const theRealThing = `  npm start                                  watches the current kubeconfig context and its API hostname
  npm start -- --config.file=config.yaml     with the load balancer and DNS as well, for example:

${firstConfig.trimEnd().replaceAll(/^/gm, '    ')}`
