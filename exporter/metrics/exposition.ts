/**
 * The text format of Prometheus, version 0.0.4, byte by byte as prom-client writes it, so that series kept here and those
 * of the runtime, which prom-client keeps, read as one. https://prometheus.io/docs/instrumenting/exposition_formats/
 */

/** The lines before a family's series, without the last line feed. */
export function headerText(name: string, help: string, type: string): string {
  return `# HELP ${name} ${escapeText(help)}\n# TYPE ${name} ${type}`
}

/** Everything of a line but the value: `name{label="value"} `. In one piece, since it is copied at each rendering. */
export function headText(name: string, labels: readonly string[]): string {
  return labels.length === 0 ? `${name} ` : [name, '{', labels.join(','), '} '].join('')
}

export function labelText(name: string, value: string): string {
  return `${name}="${escapeText(value).replaceAll('"', '\\"')}"`
}

export function valueText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  if (Number.isNaN(value)) return 'Nan'
  return value < 0 ? '-Inf' : '+Inf'
}

function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}
