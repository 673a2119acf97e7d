import { expect, test } from 'vitest'
import { z } from 'zod'
import { outcomeOf } from './outcome.ts'

const schema = z.object({ ok: z.boolean() })
const problem = (name: string) => JSON.stringify({ type: `urn:wa-agent:problem:${name}`, detail: 'words' })

const cases: readonly [kind: string, status: number, body: string][] = [
  ['done', 200, '{"ok":true}'],
  ['away', 200, '<h1>Log in</h1>'],
  ['away', 200, '{"ok":"perhaps"}'],
  ['away', 302, ''],
  ['away', 500, problem('internal')],
  ['away', 503, '<h1>503</h1>'],
  ['away', 400, '<h1>Bad request</h1>'],
  ['away', 504, '<h1>Gateway timeout</h1>'],
  ['waiting', 504, problem('timeout')],
  ['busy', 429, problem('rate-limited')],
  ['refused', 401, problem('unauthorized')],
  ['refused', 403, '<h1>Forbidden</h1>'],
  ['refused', 404, problem('not-found')],
  ['rejected', 403, problem('forbidden')],
  ['rejected', 400, problem('bad-request')],
  ['rejected', 413, problem('too-large')],
  ['superseded', 409, problem('superseded')],
  ['session-unknown', 409, problem('session-unknown')],
]

test.each(cases)('%s is what %i with %j means', async (kind, status, body) => {
  const outcome = await outcomeOf(new Response(body, { status }), schema, 0)
  expect(outcome.kind).toBe(kind)
})

test('when to come again is kept', async () => {
  const response = new Response('', { status: 429, headers: { 'retry-after': '7' } })
  expect(await outcomeOf(response, schema, 0)).toMatchObject({ kind: 'busy', retryAfterMs: 7000 })
})
