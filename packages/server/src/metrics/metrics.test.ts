import { expect, test } from 'vitest'
import { createServer } from '../create-server.ts'
import { staticKeys } from '../static-keys.ts'
import { adminKey, bodyWith, openWorld, request, signed, webhook } from '../test-world.ts'
import { prometheusMetrics, serverMetricList } from './index.ts'
import { parseMetrics } from './test-text-format.ts'

const tenantKey = 'tenant-Key-7pQ2-x9'

test('are read with the admin key as Prometheus sends it, and by nobody else', async () => {
  const keys = staticKeys([{ id: 'one', key: tenantKey, scope: { type: 'tenant', tenant: 'default' } }])
  await using world = await openWorld({ metrics: prometheusMetrics(), keys })
  const ask = async (key?: string) => (await world.server.fetch(request('/metrics', key ? { key } : {}))).status
  expect([await ask(), await ask('wrong-key-0123456789'), await ask(tenantKey)]).toEqual([401, 401, 403])
  const answer = await world.server.fetch(request('/metrics', { key: adminKey }))
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(parseMetrics(await answer.text()).has('process_start_time_seconds')).toBe(true)
  const posted = await world.server.fetch(request('/metrics', { key: adminKey, method: 'POST' }))
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET'])
})

test('are open where they are said to be, also without any key', async () => {
  await using world = await openWorld({ metrics: prometheusMetrics({ public: true }), adminKey: false })
  expect((await world.server.fetch(request('/metrics'))).status).toBe(200)
  await using closed = await openWorld()
  expect((await closed.server.fetch(request('/metrics', { key: adminKey }))).status).toBe(404)
})

test('are whole for all who ask at the same time', async () => {
  const metrics = prometheusMetrics()
  await using world = await openWorld({ metrics })
  const ask = async () => parseMetrics(await (await world.server.fetch(request('/metrics', { key: adminKey }))).text())
  for (const families of await Promise.all([ask(), ask(), ask()]))
    expect(families.has('process_start_time_seconds')).toBe(true)
})

test('that nobody could read are refused', async () => {
  await using world = await openWorld()
  const options = { bot: world.bot, transports: [], adminKey: false } as const
  expect(() => createServer({ ...options, metrics: prometheusMetrics() })).toThrow(/adminKey/)
  expect(() => createServer({ ...options, metrics: {} as never })).toThrow(/prometheusMetrics/)
})

test('tell of requests by the pattern of their route, whatever strangers ask for', async () => {
  const metrics = prometheusMetrics({ public: true })
  await using world = await openWorld({ metrics })
  const { port } = await world.server.start()
  await world.server.fetch(webhook('/webhooks/push/main', bodyWith('hello')))
  await world.server.fetch(request('/nothing/of/the/kind'))
  await world.server.fetch(request('/health', { method: 'BREW' }))
  const body = bodyWith('hello')
  const headers = { 'x-signature': signed(body) }
  await fetch(`http://127.0.0.1:${port}/webhooks/push/main`, { method: 'POST', body, headers })
  await fetch(`http://127.0.0.1:${port}/metrics`)
  const name = 'http_server_request_duration_seconds'
  const samples = parseMetrics((await metrics.read()).body).get(name)?.samples ?? []
  const counted = samples.filter((sample) => sample.name === `${name}_count`)
  const told = counted.map(({ labels, value }) => [
    ...serverMetricList[name].labels.map((label) => labels[label]),
    value,
  ])
  expect(told).toEqual([
    ['POST', '/webhooks/:transport/:channel', '200', 1],
    ['GET', '(none)', '404', 1],
    ['other', '/health', '405', 1],
    ['POST', '/webhooks/*', '200', 1],
    ['GET', '/metrics', '200', 1],
  ])
})

test('keep what is in a label, whatever it is', async () => {
  const metrics = prometheusMetrics()
  const odd = 'a "b" \\ c\n\\n,}{= é 👍'
  metrics.meterProvider.getMeter('test').createCounter('odd').add(2, { odd, 'with.dot': 'x' })
  const [sample] = parseMetrics((await metrics.read()).body).get('odd_total')?.samples ?? []
  expect(sample).toEqual({ name: 'odd_total', labels: { odd, with_dot: 'x' }, value: 2 })
})

test.each([
  'a 1',
  '# HELP a x\n# TYPE a counter\na 1\na 2\n',
  '# HELP a x\n# TYPE a counter\nb 1\n',
  '# HELP a x\n# TYPE a counter\na{b="c} 1\n',
  '# HELP a x\n# TYPE a counter\na{b="c",} 1\n',
  '# HELP a x\n# TYPE a counter\na -1\n',
  '# HELP a x\n# TYPE a counter\na one\n',
  '# HELP a x\n# TYPE a thing\na 1\n',
  '# HELP a x\n# TYPE a gauge\n',
  '# HELP a x\n# TYPE a histogram\na_count 2\na_sum 1\na_bucket{le="1"} 3\na_bucket{le="+Inf"} 2\n',
])('the reader of these tests refuses %j', (text) => {
  expect(() => parseMetrics(text)).toThrow()
})
