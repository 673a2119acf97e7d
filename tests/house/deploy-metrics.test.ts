import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { metricList } from '@wa-agent/core'
import { serverMetricList } from '@wa-agent/server/metrics'
import { beforeAll, describe, expect, test } from 'vitest'
import type { MetricFamily } from '../../packages/server/src/metrics/test-text-format.ts'
import { exercisedMetrics } from './exercise-metrics.ts'
import { root, textOf } from './files.ts'

const listed = { ...metricList, ...serverMetricList }
const files = ['deploy/grafana/wa-agent.json', 'deploy/prometheus/alerts.yml', 'deploy/prometheus/alerts.test.yml']
/** What Prometheus itself tells. */
const ofPrometheus = ['up']

let exported: Map<string, MetricFamily>
beforeAll(async () => {
  exported = await exercisedMetrics()
})

/** The queries of a dashboard, or the whole text of rules without what people read. */
function queriesOf(path: string): string {
  const text = textOf(path)
  if (!path.endsWith('.json')) return text.replace(/^\s*(#|- name:|summary:|description:).*$/gm, '')
  const queries = [...text.matchAll(/"(?:expr|query|definition)": ("(?:[^"\\]|\\.)*")/g)]
  return queries.map(([, query = '']) => String(JSON.parse(query))).join('\n')
}

/** What is asked for: names that look like metrics, and their labels with values. */
function asked(path: string) {
  const text = queriesOf(path)
  const names = new Set(text.match(/\b(?:wa_agent|http_server|process|up)(?:_[a-z]+)*\b(?=[{[)\s,]|$)/gm))
  const matchers = [...text.matchAll(/\b(\w+)\{([^}]*)\}/g)].flatMap(([, name = '', inside = '']) =>
    [...inside.matchAll(/(\w+)=~?"([^"]*)"/g)].map(([, label = '', value = '']) => ({ name, label, value })),
  )
  const groups = [...text.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(', '))
  return { names: [...names], matchers, groups: [...new Set(groups)] }
}

const baseOf = (name: string): string => {
  const base = name.replace(/_(bucket|sum|count)$/, '')
  return exported.get(base)?.type === 'histogram' ? base : name
}
/** Labels that Prometheus adds. */
const added = ['job', 'instance', 'le', 'namespace']

test('every metric of the lists is exported, with the labels and the type that they say, and no other', () => {
  expect([...exported.keys()].sort()).toEqual(Object.keys(listed).sort())
  expect(exported.size).toBeGreaterThan(35)
  for (const [name, definition] of Object.entries(listed)) {
    const { type, samples, help } = exported.get(name) as MetricFamily
    const labels = [
      ...('labels' in definition ? definition.labels : []),
      ...(definition.of === 'channel' ? ['tenant', 'channel'] : []),
    ]
    expect([name, type, help]).toEqual([name, definition.kind, definition.description])
    for (const sample of samples)
      expect([
        name,
        Object.keys(sample.labels)
          .filter((label) => label !== 'le')
          .sort(),
      ]).toEqual([name, [...labels].sort()])
  }
})

test('names end as Prometheus wants it: counters with _total, times with _seconds', () => {
  for (const [name, definition] of Object.entries(listed)) {
    expect([name, name.endsWith('_total')]).toEqual([name, definition.kind === 'counter'])
    if ('unit' in definition) expect(name).toMatch(/_seconds(_total)?$/)
  }
})

describe.each(files)('%s', (path) => {
  test('asks for metrics that are exported', () => {
    const { names } = asked(path)
    expect(names.length).toBeGreaterThan(6)
    expect(names.filter((name) => !exported.has(baseOf(name)) && !ofPrometheus.includes(name))).toEqual([])
  })

  test('asks for labels that they have, with values that occur', () => {
    const { matchers, groups } = asked(path)
    expect(matchers.length).toBeGreaterThan(5)
    const wrong = matchers.filter(({ name, label, value }) => {
      if (ofPrometheus.includes(name) || added.includes(label)) return false
      const samples = exported.get(baseOf(name))?.samples ?? []
      const seen = new Set(samples.map(({ labels }) => labels[label]))
      if (seen.has(undefined) || seen.size === 0) return true
      const isFree =
        value === '$tenant' || label === 'tenant' || label === 'channel' || label === 'http_response_status_code'
      return !isFree && value.split('|').some((one) => !seen.has(one))
    })
    expect(wrong).toEqual([])
    const known = new Set(
      [...exported.values()].flatMap(({ samples }) => samples.flatMap(({ labels }) => Object.keys(labels))),
    )
    expect(groups.filter((label) => !known.has(label) && !added.includes(label))).toEqual([])
  })
})

test('the dashboard shows every metric', () => {
  const shown = asked('deploy/grafana/wa-agent.json').names.map(baseOf)
  expect(Object.keys(listed).filter((name) => !shown.includes(name))).toEqual([])
})

test('the dashboard shows a share of what failed as none where nothing has', () => {
  const queries = [...textOf('deploy/grafana/wa-agent.json').matchAll(/"expr": "(.*)"/g)].map(([, query = '']) => query)
  const shares = queries.filter((query) => query.includes(' / sum('))
  expect(shares.length).toBeGreaterThan(1)
  // A counter that nobody has counted yet is absent, and so would the whole share be.
  expect(shares.filter((query) => !query.includes(' or vector(0)) / sum('))).toEqual([])
})

test('every alert is tried out, and explained', () => {
  const alerts = [...textOf('deploy/prometheus/alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name)
  expect(alerts.length).toBeGreaterThan(8)
  const tried = textOf('deploy/prometheus/alerts.test.yml')
  const explained = textOf('docs/observability.md')
  expect(alerts.filter((name) => !tried.includes(`alertname: ${name}\n`))).toEqual([])
  expect(alerts.filter((name) => !explained.includes(`\`${name}\``))).toEqual([])
})

test('the page lists every metric with its labels, and no other', () => {
  const page = textOf('docs/observability.md')
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\w+) \|([^|]*)\| [^|]+ \|$/gm)]
  const told = rows.map(([, name = '', kind = '', labels = '']) => [name, kind, labels.replaceAll('`', '').trim()])
  const expected = Object.entries(listed).map(([name, definition]) => {
    const channel = definition.of === 'channel' ? ['tenant', 'channel'] : []
    return [name, definition.kind, [...channel, ...('labels' in definition ? definition.labels : [])].join(', ')]
  })
  expect(told.sort()).toEqual(expected.sort())
})

const hasPromtool = spawnSync('promtool', ['--version']).status === 0

test.skipIf(!hasPromtool)('the alerts fire when they have to, and not else, as Prometheus sees it', () => {
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'alerts.test.yml'], {
    cwd: join(root, 'deploy/prometheus'),
    encoding: 'utf8',
  })
  expect([status, stdout, stderr]).toEqual([0, expect.stringContaining('SUCCESS'), ''])
})
