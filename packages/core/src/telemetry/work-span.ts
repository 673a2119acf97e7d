import type { TraceHeaders } from '../trace-headers.ts'
import type { SpanAttributes } from './span-attributes.ts'

/** A span as those who work in it see it. */
export interface WorkSpan {
  /** Adds what became known on the way. */
  set(attributes: SpanAttributes): void
  /** The work went wrong without throwing; `reason` is fit for a log. */
  fail(reason: string): void
}

/** What a span begins with. */
export interface SpanStart {
  readonly name: string
  readonly kind: 'INTERNAL' | 'SERVER' | 'CLIENT' | 'PRODUCER' | 'CONSUMER'
  readonly attributes: SpanAttributes
  readonly links?: readonly TraceHeaders[]
}

/** Where nobody looks. */
export const unseen: WorkSpan = { set: () => undefined, fail: () => undefined }
