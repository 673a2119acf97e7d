import type { SpanContext } from '@opentelemetry/api'
import type { TraceHeaders } from '../trace-headers.ts'
import type { Api } from './api.ts'

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
/** W3C asks to carry at least so much; what is longer did not come from us. */
const longestState = 512

/** Writes W3C trace context: version 00 of `traceparent`, and `tracestate` where there is one. */
export function toHeaders({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceHeaders {
  const flags = traceFlags.toString(16).padStart(2, '0')
  const state = traceState?.serialize()
  return { traceparent: `00-${traceId}-${spanId}-${flags}`, ...(state ? { tracestate: state } : {}) }
}

/** Reads W3C trace context. `undefined` for what is none: a trace is no reason to refuse a message. */
export function fromHeaders(headers: TraceHeaders, api: Api): SpanContext | undefined {
  const [, version, traceId = '', spanId = '', flags = '', rest] = pattern.exec(headers['traceparent'] ?? '') ?? []
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  const context: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  if (!api.isSpanContextValid(context)) return undefined
  const state = headers['tracestate']
  return state && state.length <= longestState ? { ...context, traceState: api.createTraceState(state) } : context
}
