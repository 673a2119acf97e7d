import * as api from '@opentelemetry/api'
import { expect, test } from 'vitest'
import { fromHeaders, toHeaders } from './trace-context.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'
const traceparent = `00-${traceId}-${spanId}-01`

test('what is written can be read', () => {
  const context = fromHeaders({ traceparent, tracestate: 'a=1,b=x:y' }, api)
  expect(context).toMatchObject({ traceId, spanId, traceFlags: 1, isRemote: true })
  expect(context && toHeaders(context)).toEqual({ traceparent, tracestate: 'a=1,b=x:y' })
  expect(toHeaders({ traceId, spanId, traceFlags: 0 })).toEqual({ traceparent: traceparent.replace(/1$/, '0') })
})

test('a later version is read as far as it is known', () => {
  expect(fromHeaders({ traceparent: `cc-${traceId}-${spanId}-01-more` }, api)).toMatchObject({ traceId, traceFlags: 1 })
})

test.each([
  {},
  { traceparent: '' },
  { traceparent: `ff-${traceId}-${spanId}-01` },
  { traceparent: `00-${traceId}-${spanId}-01-more` },
  { traceparent: `00-${'0'.repeat(32)}-${spanId}-01` },
  { traceparent: `00-${traceId}-${'0'.repeat(16)}-01` },
  { traceparent: `00-${traceId.toUpperCase()}-${spanId}-01` },
  { traceparent: `00-${traceId}-${spanId}-01\n` },
  { traceparent: `00-${traceId}-${spanId}` },
])('what is no trace context is none: %j', (headers) => {
  expect(fromHeaders(headers, api)).toBeUndefined()
})

test('a trace state that is too long is left out', () => {
  expect(fromHeaders({ traceparent, tracestate: `a=${'x'.repeat(600)}` }, api)?.traceState).toBeUndefined()
})
