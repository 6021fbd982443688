import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { burst, callsPerDay, ofService, shareOfLimit, total } from '../../bench/aws-day.ts'

describe('the AWS calls of a day', () => {
  it('are those of a later run every 30 s, and the tags of the first run every two minutes', () => {
    const first = new Map([
      ['elb:DescribeLoadBalancers', 1],
      ['elb:DescribeTags', 5],
    ])
    const later = new Map([['elb:DescribeLoadBalancers', 1]])
    const perDay = callsPerDay(first, later)
    assert.equal(perDay.get('elb:DescribeLoadBalancers'), 2_880)
    assert.equal(perDay.get('elb:DescribeTags'), 3_600)
    assert.equal(total(perDay), 6_480)
  })

  it('count the tags that a later run asks for as well', () => {
    const tags = new Map([['elbv2:DescribeTags', 1]])
    assert.equal(total(callsPerDay(tags, tags)), 2_880 + 720)
  })

  it('come to the later run and 12 calls for tags in one run at most', () => {
    const later = new Map([
      ['elb:DescribeLoadBalancers', 3],
      ['elb:DescribeInstanceHealth', 25],
    ])
    assert.equal(burst(new Map([['elb:DescribeTags', 50]]), later, 'elb'), 40)
    assert.equal(burst(new Map([['elb:DescribeTags', 5]]), later, 'elb'), 33)
  })

  it('are none where nothing is asked', () => {
    assert.equal(total(callsPerDay(new Map(), new Map())), 0)
    assert.equal(shareOfLimit(new Map()), 0)
  })
})

describe('the share of what AWS lets through', () => {
  it('takes the calls of a version of the API together, and the other version by itself', () => {
    const perDay = new Map([
      ['elb:DescribeLoadBalancers', 432_000],
      ['elb:DescribeInstanceHealth', 216_000],
      ['elbv2:DescribeLoadBalancers', 432_000],
    ])
    assert.equal(ofService(perDay, 'elb'), 648_000)
    assert.equal(shareOfLimit(perDay), 0.75)
  })

  it('lets EC2 have twice as many calls a second', () => {
    assert.equal(shareOfLimit(new Map([['ec2:DescribeNetworkInterfaces', 864_000]])), 0.5)
  })
})
