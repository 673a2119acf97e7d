import type { NamesOf } from './check-names.ts'
import type { ExamplesClassifierOptions } from './classify/examples/examples-classifier.ts'
import type { ModelBudget, PipelineOptions } from './pipeline.ts'
import type { FloorOptions } from './route.ts'

const budget: NamesOf<ModelBudget> = { tokensPerDay: true, costUsdPerDay: true }
const floor: NamesOf<FloorOptions> = { idleMs: true, interruptAt: true }
const examples: NamesOf<ExamplesClassifierOptions> = {
  outOfScope: 'list',
  background: true,
  validation: { examples: 'list', outOfScope: 'list' },
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
  agents: 'list',
  plugins: 'list',
  model: 'object',
  budget,
  fallback: 'object',
  middleware: 'list',
  examples,
  floor,
  classifyTimeoutMs: true,
  respondTimeoutMs: true,
  historyLimit: true,
  clock: 'object',
  logger: 'object',
  elapsedMs: 'function',
}
