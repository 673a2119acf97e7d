import type { NamesOf } from './check-names.ts'
import type { ExamplesClassifierOptions } from './classify/examples/examples-classifier.ts'
import type { ModelBudget, PipelineOptions } from './pipeline.ts'
import type { FloorOptions } from './route.ts'

const budget: NamesOf<ModelBudget> = { tokensPerDay: true, costUsdPerDay: true }
const floor: NamesOf<FloorOptions> = { idleMs: true, interruptAt: true }
const examples: NamesOf<ExamplesClassifierOptions> = {
  outOfScope: true,
  background: true,
  validation: true,
  seed: true,
  maximumTextLength: true,
  maximumLoss: true,
  noneValue: true,
  noneShare: true,
  rankingSize: true,
  cost: true,
  passes: true,
  minimumTexts: true,
  unknownShare: true,
}

/** The options of `createPipeline` by name. */
export const pipelineOptionNames: NamesOf<PipelineOptions> = {
  agents: true,
  plugins: true,
  model: true,
  budget,
  fallback: true,
  middleware: true,
  examples,
  floor,
  classifyTimeoutMs: true,
  respondTimeoutMs: true,
  historyLimit: true,
  clock: true,
  logger: true,
  elapsedMs: true,
}
