/** Faults of the AWS APIs. DNS goes on meanwhile: a change of addresses is seen during each of them. */
import type { LabAwsAction, LabAwsFault } from '../lab/aws-server.ts'
import { AwsSite, elbFacts } from './aws-site.ts'
import { type AnyFault, anyFault, type Expected, type Fault } from './fault.ts'

const failing = {
  collector: 'load_balancers',
  change: 'meanwhile',
  alerts: ['ElbChurnCollectorFailing'],
  toldMs: 10_000,
  recoversMs: 6_000,
} as const satisfies Partial<Expected>
const unharmed: Expected = { collector: 'load_balancers', change: 'meanwhile', recoversMs: 4_000 }
const slow = { toldMs: 35_000, recoversMs: 35_000 } as const

type AwsFault = Omit<Fault<AwsSite>, 'open'> & { readonly throughFront?: boolean }

function of(fault: LabAwsFault, action: LabAwsAction = '*'): Pick<AwsFault, 'begin' | 'end'> {
  return { begin: ({ aws }) => aws.fail(action, fault), end: ({ aws }) => aws.clearFaults() }
}

const passes = 'Nothing, it passes; if it stays, see the AWS Health Dashboard.'
const checkEndpoint = 'Something else than AWS answers: check `endpoint`, proxies and transparent caches on the way.'
const remade = 'aws-remade-2.us-west-2.elb.amazonaws.com'
const deleted = 'aws-deleted-2.us-west-2.elb.amazonaws.com'
const anew = ['10.0.0.11', '10.0.0.12']
const nothingThere = { addresses: '', added: '', removed: '', dnsName: '' }

const table: readonly AwsFault[] = [
  {
    id: 'aws-throttled',
    title: 'Throttling',
    how: 'every call is answered with Throttling or RequestLimitExceeded',
    ...of('throttle'),
    expected: {
      ...failing,
      reason: 'throttled',
      says: /a longer schedules.load_balancers asks less often/,
      recoversMs: 12_000,
    },
    act: 'Lengthen `schedules.load_balancers`, or find in elbchurn_aws_requests_total and CloudTrail who else asks so often.',
  },
  {
    id: 'aws-500',
    title: 'HTTP 500',
    how: 'every call is answered with InternalFailure',
    ...of('error-500'),
    expected: { ...failing, reason: 'server', says: /InternalFailure \(HTTP 500\)/ },
    act: passes,
  },
  {
    id: 'aws-503',
    title: 'HTTP 503',
    how: 'every call is answered with ServiceUnavailable',
    ...of('error-503'),
    expected: { ...failing, reason: 'server', says: /ServiceUnavailable \(HTTP 503\)/ },
    act: passes,
  },
  {
    id: 'aws-html',
    title: 'HTML in place of XML',
    how: 'status 200 with the page of a proxy',
    ...of('html'),
    expected: { ...failing, reason: 'malformed', says: /no XML of AWS.*check `endpoint` and proxies/ },
    act: checkEndpoint,
  },
  {
    id: 'aws-empty',
    title: 'An empty answer',
    how: 'status 200 without a body, which the SDK takes for a good answer without load balancers',
    ...of('empty'),
    expected: { ...failing, reason: 'malformed', says: /An answer without LoadBalancerDescriptions/ },
    act: checkEndpoint,
  },
  {
    id: 'aws-half',
    title: 'Half a body',
    how: 'the XML ends in the middle',
    ...of('half-body'),
    expected: { ...failing, reason: 'malformed' },
    act: checkEndpoint,
  },
  {
    id: 'aws-reset',
    title: 'The connection is reset',
    how: 'the connection ends in the middle of each answer',
    ...of('reset'),
    expected: { ...failing, reason: 'network' },
    act: 'Check routes and firewalls to AWS.',
  },
  {
    id: 'aws-slow',
    title: 'A slow body',
    how: 'a byte now and then, without end',
    ...of('slow-body'),
    expected: { ...failing, ...slow, reason: 'timeout', says: /No answer in 20000 ms/ },
    act: 'Check routes, firewalls and proxies to AWS; a VPC endpoint keeps the calls off the internet.',
  },
  {
    id: 'aws-silent',
    title: 'No answer',
    how: 'connections are accepted, and nothing is answered',
    ...of('hang'),
    expected: { ...failing, ...slow, reason: 'timeout' },
    act: 'As for a slow body.',
  },
  {
    id: 'aws-circle',
    title: 'Pages that name each other',
    how: 'every page names the same next page',
    ...of('repeated-marker'),
    expected: { ...failing, reason: 'malformed', says: /Pages that name each other in a circle/ },
    act: checkEndpoint,
  },
  {
    id: 'aws-endless',
    title: 'Pages without end',
    how: 'every page names a new next page',
    throughFront: true,
    begin: ({ front }) => {
      front.endless = true
    },
    end: ({ front }) => {
      front.endless = false
    },
    expected: { ...failing, reason: 'limit', says: /The requests of this run are used up/ },
    act: checkEndpoint,
  },
  {
    id: 'aws-expired',
    title: 'Expired credentials, then rotated ones',
    how: 'the key is refused with ExpiredToken until the credentials file holds another one',
    throughFront: true,
    begin: ({ front }) => {
      front.expiredKey = 'AKIALABFIRST'
    },
    end: ({ ground }) => ground.renewCredentials('AKIALABSECOND'),
    expected: { ...failing, reason: 'expired', says: /renew the credentials/ },
    act: 'Renew the credentials where they come from; the exporter reads them anew by itself.',
  },
  {
    id: 'aws-denied',
    title: 'Denied',
    how: 'every call is answered with AccessDenied',
    ...of('access-denied'),
    expected: { ...failing, reason: 'denied', says: /grant it to the role, see deploy\/iam-policy.json/ },
    act: 'Grant the action that the message names to the role that it names.',
  },
  {
    id: 'aws-denied-once',
    title: 'Denied on one call only',
    how: 'DescribeNetworkInterfaces is answered with UnauthorizedOperation, the rest works',
    ...of('access-denied', 'ec2:DescribeNetworkInterfaces'),
    expected: {
      ...failing,
      staysKnown: true,
      reason: 'denied',
      says: /UnauthorizedOperation on ec2:DescribeNetworkInterfaces/,
    },
    act: 'Grant ec2:DescribeNetworkInterfaces, or set `interfaces: false`.',
  },
  {
    id: 'aws-remade',
    title: 'The load balancer is deleted and made anew between two looks',
    how: 'the same name has another DNS name and other addresses',
    begin: (site) => site.put(remade, anew),
    isTheChange: true,
    meanwhile: elbFacts(anew, 2, 2, remade),
    finally: elbFacts(anew, 2, 2, remade),
    expected: { ...unharmed, alerts: ['ELBAddressChanged'] },
    act: 'If nobody meant it, find who deleted it in CloudTrail; clients need the new DNS name.',
  },
  {
    id: 'aws-deleted',
    title: 'The load balancer is deleted, and made anew later',
    how: 'AWS lists it no more, then again with another DNS name and other addresses',
    begin: ({ aws, name }) => aws.remove('classic', name),
    end: (site) => site.put(deleted, anew),
    isTheChange: true,
    meanwhile: nothingThere,
    finally: elbFacts(anew, 0, 0, deleted),
    expected: { ...failing, reason: 'not_found', says: /No load balancer aws-deleted of type classic/ },
    act: 'If it was meant, take its name out of the config; if not, find who deleted it in CloudTrail.',
  },
  {
    id: 'aws-clock',
    title: 'The clock of this machine is wrong by hours',
    how: "AWS's clock is 2 h ahead, and it refuses signatures that are older than 5 minutes",
    throughFront: true,
    begin: ({ front }) => {
      front.aheadMs = 2 * 3_600_000
    },
    end: ({ front }) => {
      front.aheadMs = 0
    },
    expected: { ...unharmed, sometimes: true, reason: 'expired', recoversMs: 8_000 },
    act: 'Set the clock: the calls are signed by the clock of AWS, but every time on /metrics is by this one.',
  },
]

export const awsFaults: readonly AnyFault[] = table.map(({ throughFront, ...fault }) =>
  anyFault<AwsSite>({ ...fault, open: (ground, id) => AwsSite.open(ground, id, throughFront) }),
)
