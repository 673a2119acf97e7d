import { readdirSync, readFileSync } from 'node:fs'
import { recordingHost, virtualClock } from '@wa-agent/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cloudApiTransport } from './cloud-api-transport.ts'
import { credentials, webhookRequest } from './fake-meta.ts'

const folder = new URL('fixtures/', import.meta.url)
const names = readdirSync(folder)
  .filter((name) => !name.endsWith('.expected.json'))
  .map((name) => name.replace('.json', ''))
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))

test('there are webhooks of every kind', () => {
  expect(names.length).toBeGreaterThan(55)
})

test.each(names)('the webhook %s is acknowledged, and gives what is expected', async (name) => {
  const clock = virtualClock({ startMs: 1_764_100_000_000 })
  const host = recordingHost({ clock })
  const transport = cloudApiTransport({ ...credentials, clock })
  await transport.start(host)
  const { status } = await transport.webhook(webhookRequest(read(name)))
  const { messages, updates } = read(`${name}.expected`) as { messages: unknown; updates: unknown }
  expect({ status, messages: host.received, updates: host.tracked }).toEqual({ status: 200, messages, updates })
})

/** The same with one value somewhere in it replaced; `choices` decide where. */
function damaged(value: unknown, choices: readonly number[], replacement: unknown): unknown {
  const [choice, ...rest] = choices
  if (choice === undefined || typeof value !== 'object' || value === null) return replacement
  const entries = Object.entries(value)
  if (entries.length === 0) return replacement
  const [key] = entries[choice % entries.length] ?? ['']
  const changed = entries.map(([name, one]) => [name, name === key ? damaged(one, rest, replacement) : one])
  return Array.isArray(value) ? changed.map(([, one]) => one) : Object.fromEntries(changed)
}

test('whatever is damaged in a signed webhook, it is acknowledged, and what is handed over is valid', async () => {
  const host = recordingHost()
  const transport = cloudApiTransport(credentials)
  await transport.start(host)
  const fixtures = names.map(read)
  // Down to the content of a message it takes about nine steps.
  const steps = fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 14 })
  const replacement = fc.oneof(fc.jsonValue(), fc.constantFrom('', null, -1, 1e300, '\uD800', '\0', 'x'.repeat(2000)))
  const anyDamage = fc.tuple(fc.constantFrom(...fixtures), steps, replacement)
  await fc.assert(
    fc.asyncProperty(anyDamage, async ([body, choices, value]) => {
      const { status } = await transport.webhook(webhookRequest(damaged(body, choices, value)))
      expect(status).toBe(200)
    }),
    { seed: 20_261_121, numRuns: 2000 },
  )
})
