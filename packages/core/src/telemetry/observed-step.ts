import type { Agent } from '../agent.ts'
import type { Classification, Route, TurnResponse } from '../turn.ts'
import type { SpanAttributes } from './span-attributes.ts'
import { currentTelemetry } from './telemetry.ts'

/** Runs a step of the pipeline in a span of its own; `describe` tells what the span says of the result. */
export function observeStep<Result>(
  name: 'wa_agent.classify' | 'wa_agent.route' | 'wa_agent.respond',
  work: () => Result | Promise<Result>,
  describe: (result: Result) => SpanAttributes = () => ({}),
): Result | Promise<Result> {
  const telemetry = currentTelemetry()
  if (!telemetry.isOn) return work()
  return telemetry.span(name, {}, async (span) => {
    const result = await work()
    span.set(describe(result))
    return result
  })
}

export function ofClassification({ intent, agent, confidence, decidedBy }: Classification): SpanAttributes {
  return {
    'wa_agent.intent': intent,
    'wa_agent.agent': agent,
    'wa_agent.confidence': confidence,
    'wa_agent.decided_by': decidedBy,
  }
}

export function ofRoute({ agent, by }: Route): SpanAttributes {
  return { 'wa_agent.agent': agent, 'wa_agent.routed_by': by }
}

export function ofResponse({ name }: Agent): (response: TurnResponse) => SpanAttributes {
  return ({ replies }) => ({ 'wa_agent.agent': name, 'wa_agent.replies': replies.length })
}
