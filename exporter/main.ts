#!/usr/bin/env -S node --max-semi-space-size=8
/** The command line. It wires everything and decides nothing. */
import type { RuleFormat } from '../alerts/render.ts'
import type { CheckFlags } from './commands/check-config.ts'
import type { ServeFlags } from './commands/serve.ts'

// Until there is a config to read again a hangup means nothing, but it must not end the process either. Modules that are
// imported as usual are all loaded before any code runs, which takes some 100 ms: so these come after it.
process.on('SIGHUP', () => undefined)

// Schedules are read in local time. Where that has an hour twice, at the end of summer time, node-cron sits the second
// one out, and for an hour nothing would be watched.
process.env.TZ = 'UTC'

const { Command, Option } = await import('commander')
const { describeSettings } = await import('../alerts/config.ts')
const { ruleFormats } = await import('../alerts/render.ts')
const { checkConfig } = await import('./commands/check-config.ts')
const { permissionFormats } = await import('./commands/check-permissions.ts')
const { copyDashboards } = await import('./commands/dashboards.ts')
const { printRules } = await import('./commands/rules.ts')
const { serve } = await import('./commands/serve.ts')
const { logFormats, logLevels } = await import('./service/log.ts')
const { version } = await import('./version.ts')

const program = new Command('elb-churn-exporter')
  .description('Exports ELB address churn, DNS answer changes and the ratio of NotReady nodes to Prometheus.')
  .version(`elb-churn-exporter, version ${version} (node ${process.version})`, '--version', 'print the version')
  .helpOption('-h, --help', 'print this help')
  .showHelpAfterError('(run with --help for usage)')

program
  .command('serve', { isDefault: true })
  .description('run the exporter (the default command)')
  .option('--config.file <file>', 'YAML config; without it the current kubeconfig context or the account of the pod')
  .option('--config.enable-auto-reload', 'reload when the content of --config.file changes, also as a ConfigMap')
  .option('--config.auto-reload-interval <duration>', 'how often to check the file for changes', '30s')
  .addOption(
    new Option(
      '--web.listen-address <address>',
      'where to listen; may be given several times (default ":9903")',
    ).argParser(collect),
  )
  .option('--web.config.file <file>', 'TLS, basic authentication and headers, in the format of the exporter-toolkit')
  .option('--web.max-requests <number>', 'scrapes under way at once, more get 503; 0 for any number', '40')
  .option('--storage.path <dir>', 'folder of the state file; without it change times do not survive a restart')
  .addOption(new Option('--log.level <level>', 'lowest level to log').choices(logLevels).default('info'))
  .addOption(new Option('--log.format <format>', 'form of the log lines').choices(logFormats).default('json'))
  .helpOption('-h, --help', 'print this help')
  // Whatever is no command comes here, since this one needs no name.
  .allowExcessArguments()
  .action(async (flags: ServeFlags, { args: [unknown] }: { readonly args: readonly string[] }) => {
    if (unknown !== undefined) program.error(`error: unknown command '${unknown}'`)
    process.exitCode = await serve(flags)
  })

program
  .command('check-config')
  .description('check a config file; prints every fault as FILE:LINE:COL: path: what is wrong')
  .argument('<file>', 'YAML config')
  .option('--web.config.file <file>', 'check this web config too, with the certificates that it names')
  .option('--permissions', 'also try each call to AWS, Kubernetes and DNS, and print what is missing')
  .addOption(
    new Option('--format <format>', 'of what --permissions prints').choices(permissionFormats).default('table'),
  )
  .option('--storage.path <dir>', 'with --permissions: the folder of the state file, to see whether it can be written')
  .helpOption('-h, --help', 'print this help')
  .action(async (file: string, flags: CheckFlags) => {
    process.exitCode = await checkConfig(file, flags)
  })

program
  .command('rules')
  .description('print the alert pack')
  .addOption(
    new Option('--format <format>', 'for the Operator or for Prometheus')
      .choices(ruleFormats)
      .default('prometheusrule'),
  )
  .addOption(new Option('--set <key=value...>', 'other values of settings').argParser(collect).default([], 'none'))
  .addHelpText('after', () => `\nSettings and their defaults:\n${describeSettings()}`)
  .helpOption('-h, --help', 'print this help')
  .action(({ format, set }: { format: RuleFormat; set: string[] }) => {
    process.exitCode = printRules(format, set)
  })

program
  .command('dashboards')
  .description('write the dashboards as JSON files that Grafana imports')
  .requiredOption('--out <dir>', 'folder to write to; made where there is none')
  .option('--runbook-url <url>', 'where the runbooks are: <url>/<alert>.md')
  .helpOption('-h, --help', 'print this help')
  .action(async ({ out, runbookUrl }: { out: string; runbookUrl?: string }) => {
    process.exitCode = await copyDashboards(out, runbookUrl)
  })

await program.parseAsync()

function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value]
}
