import { backgroundSentences } from './background-sentences.ts'
import { calibrate, ScoreSheet } from './calibration.ts'
import { bestIntent, type Confidence, isNone, learnConfidence } from './confidence.ts'
import { Corpus } from './corpus.ts'
import { crossValidate } from './cross-validation.ts'
import {
  type ExamplesClassifierOptions,
  enoughTexts,
  hasEnoughValidation,
  type LabelledText,
  type ResolvedOptions,
  resolveOptions,
} from './examples-options.ts'
import type { RoundOptions } from './held-out-rounds.ts'
import { knowsItsExamples, withOwnExamples } from './own-examples.ts'
import { FeatureCounter } from './text-features.ts'
import { dropUnusedFeatures, TextScorer } from './text-scorer.ts'

export type { ExamplesClassifierOptions, LabelledText } from './examples-options.ts'

/** What a text most probably means. */
export interface ExamplesPrediction {
  /** Undefined = none of the intents: that is more probable, the confidence is below the threshold, or no word is known. */
  readonly intent: string | undefined
  /** Probability, 0 to 1, that the best intent is the right one, whether or not it reaches the threshold. */
  readonly confidence: number
  /** The most probable intents, best first; empty when nothing in the text is known. */
  readonly ranking: readonly { readonly intent: string; readonly confidence: number }[]
}

/** A trained classifier: a function of a text, the same for the same examples and options. */
export interface ExamplesClassifier {
  classify(text: string): ExamplesPrediction
  /** The confidence from which on an intent is answered, where none is not more probable. */
  readonly threshold: number
  /** In the order of their first example. */
  readonly intents: readonly string[]
}

/**
 * Trains on example sentences of intents: word and character n-grams, tf-idf, one linear support vector machine an
 * intent, probabilities and the threshold for "none of these" from held-out texts. Works in any language; takes
 * milliseconds for a hundred examples and seconds for ten thousand, and answers in microseconds.
 *
 * An example itself always has its intent, unless it was given for several.
 *
 * @param examples a few an intent or more; with no examples every text is none
 * @throws WaAgentError `invalid_options` where an option is out of range
 */
export function trainExamples(
  examples: readonly LabelledText[],
  options: ExamplesClassifierOptions = {},
): ExamplesClassifier {
  const intents = [...new Set(examples.map((example) => example.intent))]
  const resolved = resolveOptions(options, { exampleCount: examples.length, intentCount: intents.length })
  if (intents.length === 0) return { intents, threshold: 1, classify: () => nothingKnown }

  const trained = train(examples, intents, resolved)
  // A handful of examples that have nothing in common can drown in the background: then it is left out.
  const isUsable = !resolved.background || knowsItsExamples(trained, examples)
  if (isUsable) return withOwnExamples(trained, examples)
  return trainExamples(examples, { ...options, background: false })
}

function train(
  examples: readonly LabelledText[],
  intents: readonly string[],
  resolved: ResolvedOptions,
): ExamplesClassifier {
  const counter = new FeatureCounter(resolved.maximumTextLength)
  const numbers = new Map(intents.map((intent, number) => [intent, number]))
  const labels = Int32Array.from(examples, (example) => numbers.get(example.intent) as number)
  const corpus = new Corpus(
    {
      examples: examples.map((example) => example.text),
      labels,
      intentCount: intents.length,
      outOfScope: resolved.outOfScope,
      background: resolved.background ? backgroundSentences : [],
    },
    counter,
  )
  const scorer = new TextScorer(dropUnusedFeatures(corpus.index, corpus.learn(resolved)), counter)

  const sheet = new ScoreSheet(intents.length)
  scoreValidation(scorer, sheet, { numbers, ...resolved.validation })
  if (!hasEnoughValidation(resolved)) crossValidate(corpus, sheet, { ...resolved, plan: planFor(corpus, resolved) })
  const confidence = learnConfidence(sheet.finish(), resolved)
  const { rankingSize } = resolved
  return {
    intents,
    threshold: confidence.threshold,
    classify: (text) => predict(scorer.score(text), { intents, confidence, rankingSize }),
  }
}

const nothingKnown: ExamplesPrediction = { intent: undefined, confidence: 0, ranking: [] }

function scoreValidation(
  scorer: TextScorer,
  sheet: ScoreSheet,
  validation: Partial<NonNullable<ResolvedOptions['validation']>> & { numbers: ReadonlyMap<string, number> },
): void {
  const none = sheet.intentCount
  const add = (text: string, label: number) => {
    const scores = scorer.score(text)
    if (scores !== undefined) sheet.add(scores, label, label === none ? 'stranger' : 'member')
  }
  for (const { text, intent } of validation.examples ?? []) add(text, validation.numbers.get(intent) ?? none)
  for (const text of validation.outOfScope ?? []) add(text, none)
}

/** Few examples need every one of them held out once for a good estimate; of many, a part says enough. */
function planFor(corpus: Corpus, { outOfScope, seed }: ResolvedOptions): RoundOptions {
  const exampleCount = corpus.exampleRows.length
  const rounds = exampleCount > 4000 ? 1 : exampleCount > 100 ? 2 : 3
  // With two intents, one left out would leave nothing to tell the other from.
  const holdOutIntents = outOfScope.length < enoughTexts && corpus.intentCount > 2
  return { parts: exampleCount > 4000 ? 10 : 5, rounds, holdOutIntents, seed }
}

function predict(
  scores: Float64Array | undefined,
  trained: { intents: readonly string[]; confidence: Confidence; rankingSize: number },
): ExamplesPrediction {
  if (scores === undefined) return nothingKnown
  const { intents, confidence } = trained
  calibrate(scores, confidence.calibration)
  const noneWins = isNone(scores, bestIntent(scores))
  const ranking: { intent: string; confidence: number }[] = []
  while (ranking.length < Math.min(trained.rankingSize, intents.length)) {
    const best = bestIntent(scores)
    ranking.push({ intent: intents[best] as string, confidence: scores[best] as number })
    scores[best] = -1
  }
  const [best] = ranking
  if (best === undefined) return nothingKnown
  const intent = !noneWins && best.confidence >= confidence.threshold ? best.intent : undefined
  return { intent, confidence: best.confidence, ranking }
}
