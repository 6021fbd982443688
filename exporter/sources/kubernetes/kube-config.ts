/**
 * The library's KubeConfig without its 700 generated classes of the API, which take 27 MB and 0.2 s in one block to load
 * and are only for its own requests (`makeApiClient`): ours are made in client.ts.
 *
 * The library offers no way to import less, so its one import of them is answered with nothing while it loads.
 */
import { registerHooks } from 'node:module'

const generated = './gen/index.js'
const nothing = 'data:text/javascript,export const createConfiguration = undefined, ServerConfiguration = undefined'

async function load() {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const ofConfig = context.parentURL?.endsWith('/@kubernetes/client-node/dist/config.js') === true
      return specifier === generated && ofConfig ? { url: nothing, shortCircuit: true } : next(specifier, context)
    },
  })
  try {
    return await import('@kubernetes/client-node/dist/config.js')
  } finally {
    hooks.deregister()
  }
}

export const { KubeConfig } = await load()
export type KubeConfig = InstanceType<typeof KubeConfig>
