/** A classic load balancer, with an AWS endpoint and a nameserver of its own. */
import type { Metrics } from '../e2e/exporter.ts'
import { LabAws } from '../lab/aws-server.ts'
import { LabDns } from '../lab/dns-server.ts'
import { AwsFront } from './aws-front.ts'
import type { Facts, Site } from './fault.ts'
import type { Ground } from './ground.ts'

const type = 'classic'

export class AwsSite implements Site {
  readonly ground: Ground
  readonly aws: LabAws
  readonly front: AwsFront
  readonly dns: LabDns
  readonly name: string
  readonly dnsName: string
  readonly before: Facts
  readonly after: Facts
  readonly withdrawn: Facts = { dnsName: '' }

  /** Whether the exporter asks the front, and not AWS itself. */
  readonly #throughFront: boolean

  private constructor(
    ground: Ground,
    name: string,
    { aws, front, dns, throughFront }: { aws: LabAws; front: AwsFront; dns: LabDns; throughFront: boolean },
  ) {
    this.ground = ground
    this.#throughFront = throughFront
    this.aws = aws
    this.front = front
    this.dns = dns
    this.name = name
    this.dnsName = `${name}-1.us-west-2.elb.amazonaws.com`
    this.before = elbFacts(['10.0.0.1', '10.0.0.2'], 0, 0, this.dnsName)
    this.after = elbFacts(['10.0.0.1', '10.0.0.3'], 1, 1, this.dnsName)
    this.put(this.dnsName, ['10.0.0.1', '10.0.0.2'])
    // The endpoint is a name, so that each call depends on DNS, as it does at AWS.
    ground.records.set(this.#host, 'A', ['127.0.0.1'])
  }

  static async open(ground: Ground, id: string, throughFront = false): Promise<AwsSite> {
    const aws = await LabAws.start()
    const [front, dns] = await Promise.all([AwsFront.start(aws), LabDns.start()])
    return new AwsSite(ground, id, { aws, front, dns, throughFront })
  }

  get #host(): string {
    return `${this.name}.aws.faults.test`
  }

  config(): object {
    const port = this.#throughFront ? this.front.port : new URL(this.aws.endpoint).port
    const entry = {
      region: 'us-west-2',
      endpoint: `http://${this.#host}:${port}`,
      resolvers: [this.dns.address],
      names: [this.name],
      types: [type],
      interfaces: true,
    }
    return { load_balancers: [entry] }
  }

  put(dnsName: string, addresses: readonly string[]): void {
    const interfaces = addresses.map((address) => ({ address, zone: 'us-west-2a' }))
    this.aws.put({ name: this.name, type, scheme: 'internal', dnsName, interfaces })
    this.dns.set(dnsName, 'A', addresses, { rotate: true, limit: 8 })
  }

  change(): void {
    this.put(this.dnsName, ['10.0.0.1', '10.0.0.3'])
  }

  facts(metrics: Metrics): Facts {
    const infos = metrics.lines('elb_address_info').filter((line) => line.includes('state="active"'))
    const addresses = infos.map((line) => /address="([^"]*)"/.exec(line)?.[1] ?? '')
    const info = metrics.lines('elb_info')[0] ?? ''
    const count = (change: string) => String(metrics.value('elb_address_changes_total', `change="${change}"`) ?? '')
    return {
      addresses: addresses.sort().join(),
      added: count('added'),
      removed: count('removed'),
      dnsName: /dns_name="([^"]*)"/.exec(info)?.[1] ?? '',
    }
  }

  async close(): Promise<void> {
    await this.front.close()
    await Promise.all([this.aws.close(), this.dns.close()])
  }
}

export function elbFacts(addresses: readonly string[], added: number, removed: number, dnsName: string): Facts {
  return { addresses: [...addresses].sort().join(), added: String(added), removed: String(removed), dnsName }
}
