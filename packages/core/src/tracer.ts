import type { Model, ModelUsage } from './model.ts'
import type { ModelCall, TurnTrace } from './turn.ts'

/** Collects what a turn's trace says. */
export interface Tracer {
  readonly durationMs: { classify: number; route: number; respond: number }
  readonly modelCalls: ModelCall[]
  readonly warnings: string[]
  /** Runs a step and notes how long it took, also when it fails. */
  timed<Result>(step: 'classify' | 'route' | 'respond', work: () => Result | Promise<Result>): Promise<Result>
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
    async timed(step, work) {
      const stepBeganMs = elapsedMs()
      lastCallMs = stepBeganMs
      try {
        return await work()
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
