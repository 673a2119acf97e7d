// A reader of Prometheus' text format 0.0.4 that takes nothing which is not exactly so.

/** One metric with its samples. */
export interface MetricFamily {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly samples: readonly Sample[]
}

/** One line. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const nameForm = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const sampleForm = /^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?<labels>.*)\})? (?<value>\S+)$/
const labelForm = /^(?<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>(?:[^"\\\n]|\\[\\"n])*)"(?<comma>,|$)/
const valueForm = /^(?:[+-]Inf|NaN|[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/
const types = ['counter', 'gauge', 'histogram', 'summary', 'untyped']

/** The metrics in a text. Throws for the first line that Prometheus would refuse, or that contradicts another. */
export function parseMetrics(text: string): Map<string, MetricFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const families = new Map<string, { name: string; type: string; help: string; samples: Sample[] }>()
  const seen = new Set<string>()
  let current: string | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? []
    if (word === 'HELP') {
      if (!nameForm.test(name) || families.has(name)) throw new Error(`a second or wrong HELP: ${line}`)
      families.set(name, { name, type: '', help: rest, samples: [] })
      current = name
    } else if (word === 'TYPE') {
      const family = families.get(name)
      if (current !== name || !family || family.type !== '' || !types.includes(rest)) throw new Error(`a TYPE: ${line}`)
      family.type = rest
    } else if (!line.startsWith('#')) {
      const family = families.get(current ?? '')
      const sample = parseSample(line)
      if (!family || !belongs(sample.name, family)) throw new Error(`a sample of nothing: ${line}`)
      const series = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
      if (seen.has(series)) throw new Error(`told twice: ${line}`)
      seen.add(series)
      family.samples.push(sample)
    }
  }
  for (const family of families.values()) check(family)
  return families
}

function parseSample(line: string): Sample {
  const { name, labels: written = '', value = '' } = sampleForm.exec(line)?.groups ?? {}
  if (name === undefined || !valueForm.test(value)) throw new Error(`no sample: ${line}`)
  const labels: Record<string, string> = {}
  for (let rest = written; rest !== ''; ) {
    const match = labelForm.exec(rest)
    const { name: label = '', value: given = '', comma } = match?.groups ?? {}
    if (!match || label in labels || (comma === ',' && match[0] === rest)) throw new Error(`no labels: ${line}`)
    labels[label] = given.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))
    rest = rest.slice(match[0].length)
  }
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) }
}

function belongs(sample: string, { name, type }: { readonly name: string; readonly type: string }): boolean {
  if (type !== 'histogram') return sample === name
  return ['_bucket', '_sum', '_count'].some((ending) => sample === name + ending)
}

function check(family: MetricFamily): void {
  const { name, type, samples } = family
  if (samples.length === 0) throw new Error(`${name} has no samples`)
  if (type === 'counter' && samples.some(({ value }) => !(value >= 0))) throw new Error(`${name} is below 0`)
  if (type === 'histogram') checkHistogram(family)
}

/** Buckets only grow, and the last one holds everything. */
function checkHistogram({ name, samples }: MetricFamily): void {
  const counts = samples.filter((sample) => sample.name === `${name}_count`)
  for (const { labels, value: count } of counts) {
    const isSame = (other: Sample) =>
      Object.keys(other.labels).length === Object.keys(labels).length + 1 &&
      Object.entries(labels).every(([label, value]) => other.labels[label] === value)
    const buckets = samples.filter((sample) => sample.name === `${name}_bucket` && isSame(sample))
    const bounds = buckets.map(({ labels: { le = '' } }) => Number(le.replace('Inf', 'Infinity')))
    const grows = buckets.every(({ value }, index) => index === 0 || value >= (buckets[index - 1]?.value ?? 0))
    const isSorted = bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? 0))
    if (!grows || !isSorted || bounds.at(-1) !== Number.POSITIVE_INFINITY || buckets.at(-1)?.value !== count)
      throw new Error(`${name} has buckets that cannot be`)
  }
}
