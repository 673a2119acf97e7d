import { normalizeKeyword } from '../../normalize.ts'
import type { ExamplesClassifier, ExamplesPrediction } from './examples-classifier.ts'
import type { LabelledText } from './examples-options.ts'

/** Whoever writes an example means it: nothing is more certain, and something always stays possible. */
const certain = 0.99
const leastRecognised = 0.8

/** Whether the classifier knows its own examples. One that does not has learnt from something else. */
export function knowsItsExamples(classifier: ExamplesClassifier, examples: readonly LabelledText[]): boolean {
  const known = examples.filter(({ text, intent }) => classifier.classify(text).intent === intent).length
  return known >= leastRecognised * examples.length
}

/** Answers the examples themselves with their own intent, unless they are given for several. */
export function withOwnExamples(classifier: ExamplesClassifier, examples: readonly LabelledText[]): ExamplesClassifier {
  const own = new Map<string, string | undefined>()
  for (const { text, intent } of examples) {
    const key = normalizeKeyword(text)
    own.set(key, own.has(key) && own.get(key) !== intent ? undefined : intent)
  }
  return {
    intents: classifier.intents,
    threshold: classifier.threshold,
    classify(text) {
      const prediction = classifier.classify(text)
      const intent = text.length > longestExample ? undefined : own.get(normalizeKeyword(text))
      return intent === undefined || prediction.intent === intent ? prediction : ownPrediction(intent, prediction)
    },
  }
}

/** Nobody writes longer examples, and a huge text need not be looked up. */
const longestExample = 500

function ownPrediction(intent: string, { ranking }: ExamplesPrediction): ExamplesPrediction {
  const others = ranking.filter((other) => other.intent !== intent)
  const best = { intent, confidence: certain }
  // What the others had of the probability they share with the rest.
  const left = others.map((other) => ({ ...other, confidence: other.confidence * (1 - certain) }))
  return { ...best, ranking: [best, ...left].slice(0, Math.max(ranking.length, 1)) }
}
