import type { Context, Link, Span, Tracer } from '@opentelemetry/api'
import { describeError, isWaAgentError } from '../errors.ts'
import type { TraceHeaders } from '../trace-headers.ts'
import type { Api } from './api.ts'
import { scopes } from './scope.ts'
import type { SpanAttributes } from './span-attributes.ts'
import type { Telemetry } from './telemetry.ts'
import { fromHeaders, toHeaders } from './trace-context.ts'
import type { SpanStart, WorkSpan } from './work-span.ts'

/** Spans of one bot, with the api loaded. */
export class Tracing {
  readonly #api: Api
  readonly #tracer: Tracer
  readonly #telemetry: Telemetry

  constructor(api: Api, tracer: Tracer, telemetry: Telemetry) {
    this.#api = api
    this.#tracer = tracer
    this.#telemetry = telemetry
  }

  /** Does the work in a span of its own, which ends when the work does. */
  run<Result>({ name, kind, attributes, links = [] }: SpanStart, work: (span: WorkSpan) => Result): Result {
    const { SpanKind, SpanStatusCode, trace } = this.#api
    const from = this.#active()
    const span = this.#tracer.startSpan(name, { kind: SpanKind[kind], attributes, links: this.#links(links) }, from)
    const fail = (reason: string) => void span.setStatus({ code: SpanStatusCode.ERROR, message: reason })
    const failed = (error: unknown) => {
      // Not `recordException`: a foreign message may quote what a customer wrote.
      span.setAttribute('error.type', typeOf(error))
      fail(describeError(error))
      span.end()
    }
    const set = (attributes: SpanAttributes) => void span.setAttributes(attributes)
    return this.#within(trace.setSpan(from, span), () => endWith(span, () => work({ set, fail }), failed))
  }

  /** Does the work as a part of that trace, or of none. */
  continue<Result>(headers: TraceHeaders | undefined, work: () => Result): Result {
    return this.#within(this.#contextOf(headers), work)
  }

  /** The trace that is active, for another process. */
  headers(context = this.#active()): TraceHeaders | undefined {
    const spanContext = this.#api.trace.getSpanContext(context)
    return spanContext && this.#api.isSpanContextValid(spanContext) ? toHeaders(spanContext) : undefined
  }

  #contextOf(headers: TraceHeaders | undefined): Context {
    const spanContext = headers && fromHeaders(headers, this.#api)
    const { trace, ROOT_CONTEXT } = this.#api
    return spanContext ? trace.setSpanContext(ROOT_CONTEXT, spanContext) : ROOT_CONTEXT
  }

  /** The application's own spans come first, where it has registered a context manager. */
  #active(): Context {
    const registered = this.#api.context.active()
    const own = scopes.getStore()?.context
    return own && !this.#api.trace.getSpanContext(registered) ? own : registered
  }

  #within<Result>(context: Context, work: () => Result): Result {
    const scope = { ...scopes.getStore(), telemetry: this.#telemetry, context }
    return scopes.run(scope, () => this.#api.context.with(context, work))
  }

  #links(traces: readonly TraceHeaders[]): Link[] {
    return traces.flatMap((headers) => {
      const context = fromHeaders(headers, this.#api)
      return context ? [{ context }] : []
    })
  }
}

function endWith<Result>(span: Span, work: () => Result, failed: (error: unknown) => void): Result {
  let result: Result
  try {
    result = work()
  } catch (error) {
    failed(error)
    throw error
  }
  if (!(result instanceof Promise)) {
    span.end()
    return result
  }
  return result.then(
    (value: unknown) => {
      span.end()
      return value
    },
    (error: unknown) => {
      failed(error)
      throw error
    },
  ) as Result
}

/** Few different words: the code of ours, the class of others'. */
function typeOf(error: unknown): string {
  if (isWaAgentError(error)) return error.code
  return error instanceof Error ? error.name : typeof error
}
