/** The alert pack as the chart carries it: JSON with placeholders, and what Helm has to know to fill them in. */
import { stringify } from 'yaml'
import { settings } from '../../alerts/config.ts'
import { ruleGroups } from '../../alerts/rules.ts'
import type { Setting } from '../../alerts/settings.ts'
import { fillIn, placeholderConfig, type Variant } from './placeholders.ts'

/** JSON, since a value can be put into its strings whatever it holds, which YAML's many forms of a string do not allow. */
export function ruleTemplate(variant: Variant): string {
  const { config, traces } = placeholderConfig(variant)
  const text = fillIn(`${JSON.stringify({ groups: ruleGroups(config) }, null, 2)}\n`, traces)
  if (text.includes('sentinel') || text.includes('.invalid')) {
    throw new Error(`the rules of the chart (${variant}) show a setting in a form that has no placeholder`)
  }
  return text
}

/** Kind and default of each setting. */
export function settingsFile(): string {
  const entries = Object.entries<Setting<unknown>>(settings)
  const kinds = entries.map(([key, { kind, shown }]) => [key, { kind, default: kind === 'labels' ? {} : shown }])
  return `${JSON.stringify(Object.fromEntries(kinds), null, 2)}\n`
}

/** JSON Schema of the settings as values of the chart. */
export function settingsSchema(): object {
  const entries = Object.entries<Setting<unknown>>(settings)
  const properties = entries.map(([key, { schema, help, shown }]) => [
    key,
    { ...schema, description: `${help} Default: ${shown === '' ? 'none' : shown}` },
  ])
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) }
}

/** The settings as YAML, each below what it means, and of the type that a reader expects. */
export function settingsValues(): string {
  return Object.entries<Setting<unknown>>(settings)
    .map(([key, { kind, standard, shown, help }]) => {
      const value = kind === 'labels' || kind === 'count' || kind === 'ratio' ? standard : shown
      return `# ${help}\n${stringify({ [key]: value }, { lineWidth: 0 })}`
    })
    .join('')
}
