import { describe, expect, test } from 'vitest'
import { Labels } from './labels.ts'

const of = (labels: Labels, ...names: readonly string[]) =>
  names.map((name) => {
    const [tenant = '', channel = ''] = name.split('/')
    return labels.of({ tenant, channel })
  })

describe('labels of channels', () => {
  test('are those of the first tenants; all others share one', () => {
    const labels = new Labels({ tenantLabels: 2, channelLabels: 10 })
    const expected = [
      { tenant: 'a', channel: 'x' },
      { tenant: 'b', channel: 'x' },
      { tenant: 'other', channel: 'other' },
      { tenant: 'a', channel: 'y' },
      { tenant: 'other', channel: 'other' },
    ]
    expect(of(labels, 'a/x', 'b/x', 'c/x', 'a/y', 'd/z')).toEqual(expected)
    expect(of(labels, 'a/x', 'b/x', 'c/x', 'a/y', 'd/z')).toEqual(expected)
  })

  test('count the channels of all tenants together', () => {
    const labels = new Labels({ tenantLabels: 10, channelLabels: 2 })
    expect(of(labels, 'a/x', 'a/y', 'a/z', 'b/x')).toEqual([
      { tenant: 'a', channel: 'x' },
      { tenant: 'a', channel: 'y' },
      { tenant: 'a', channel: 'other' },
      { tenant: 'b', channel: 'other' },
    ])
  })

  test('can be left out', () => {
    expect(of(new Labels({ tenantLabels: false }), 'a/x')).toEqual([{ channel: 'x' }])
    expect(of(new Labels({ channelLabels: false }), 'a/x')).toEqual([{ tenant: 'a' }])
    expect(of(new Labels({ tenantLabels: false, channelLabels: false }), 'a/x')).toEqual([{}])
  })

  test('are bounded however many come', () => {
    const labels = new Labels({})
    const seen = new Set<string>()
    for (let n = 0; n < 1000; n += 1) seen.add(JSON.stringify(labels.of({ tenant: `t${n % 500}`, channel: `c${n}` })))
    expect(seen.size).toBe(201) // 100 channels, 100 tenants with `other`, and who shares both
  })
})
