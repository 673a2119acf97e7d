import type { Model, ModelUsage } from './model.ts'
import { observeStep } from './telemetry/observed-step.ts'
import type { SpanAttributes } from './telemetry/span-attributes.ts'
import type { ModelCall, TurnTrace } from './turn.ts'

/** Collects what a turn's trace says. */
export interface Tracer {
  readonly durationMs: { classify: number; route: number; respond: number }
  readonly modelCalls: ModelCall[]
  readonly warnings: string[]
  /** Runs a step and notes how long it took, also when it fails; `describe` tells what its span says of the result. */
  timed<Result>(
    step: 'classify' | 'route' | 'respond',
    work: () => Result | Promise<Result>,
    describe?: (result: Result) => SpanAttributes,
  ): Promise<Result>
  /** Notes a billed call of `model`. */
  used(model: Model, purpose: ModelCall['purpose'], usage: ModelUsage): void
  finish(decisions: Pick<TurnTrace, 'classification' | 'route'>): TurnTrace
}

/** Begins a trace; `elapsedMs` is a stopwatch, e.g. `performance.now`. */
export function createTracer(elapsedMs: () => number): Tracer {
  const beganMs = elapsedMs()
  let lastCallMs = beganMs
  const durationMs = { classify: 0, route: 0, respond: 0 }
  const modelCalls: ModelCall[] = []
  const warnings: string[] = []
  return {
    durationMs,
    modelCalls,
    warnings,
    async timed(step, work, describe) {
      const stepBeganMs = elapsedMs()
      lastCallMs = stepBeganMs
      try {
        return await observeStep(`wa_agent.${step}`, work, describe)
      } finally {
        durationMs[step] += elapsedMs() - stepBeganMs
      }
    },
    used(model, purpose, usage) {
      const nowMs = elapsedMs()
      modelCalls.push({ model: model.name, purpose, usage, durationMs: nowMs - lastCallMs })
      lastCallMs = nowMs
    },
    finish: (decisions) => ({
      ...decisions,
      durationMs: { ...durationMs, total: elapsedMs() - beganMs },
      modelCalls,
      warnings,
    }),
  }
}
