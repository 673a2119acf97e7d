/** What carries a trace from one process to another: W3C trace context, i.e. `traceparent` and perhaps `tracestate`. */
export type TraceHeaders = Readonly<Record<string, string>>
