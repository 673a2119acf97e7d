import type { TraceHeaders } from '../trace-headers.ts'
import type { SpanName } from './names.ts'
import type { SpanAttributes } from './span-attributes.ts'
import { currentTelemetry } from './telemetry.ts'
import type { WorkSpan } from './work-span.ts'

/** Does the work in a span of the bot whose work is being done. See `Telemetry.span`. */
export function span<Result>(name: SpanName, attributes: SpanAttributes, work: (span: WorkSpan) => Result): Result {
  return currentTelemetry().span(name, attributes, work)
}

/** Does the work as a part of the trace that came with a job or a message; without one as a part of none. */
export function withTrace<Result>(headers: TraceHeaders | undefined, work: () => Result): Result {
  return currentTelemetry().withTrace(headers, work)
}

/** The trace that is active, for `QueueJob.trace` and `NewMessage.trace`. */
export function injectTrace(): TraceHeaders | undefined {
  return currentTelemetry().injectTrace()
}
