import { WaAgentError } from '../../errors.ts'

/** An example sentence of an intent. */
export interface LabelledText {
  readonly text: string
  readonly intent: string
}

/** Settings of the examples classifier. All have defaults that suit most bots. */
export interface ExamplesClassifierOptions {
  /**
   * Sentences known to belong to none of the intents. They are trained as a class of their own. Fewer than 20 leave
   * whole intents held out in turn to play the strangers that resemble the intents.
   */
  readonly outOfScope?: readonly string[]
  /**
   * Whether to train some 200 built-in sentences that hardly any bot is for (knowledge questions, errands for an
   * assistant, gibberish, in many languages) as out of scope. Those that resemble the examples are left out. Default:
   * up to 2,000 examples; more know enough of the world themselves.
   */
  readonly background?: boolean
  /**
   * Texts that are not trained on, to calibrate confidence and choose the threshold with. With 20 of each kind or more
   * they take the place of cross-validation, which saves its time. Examples of an intent that is not trained count as
   * out of scope.
   */
  readonly validation?: { readonly examples: readonly LabelledText[]; readonly outOfScope: readonly string[] }
  /** Training with the same seed and texts gives the same classifier. Default 1. */
  readonly seed?: number
  /** How much of a text is read, in UTF-16 code units. Default 1,000. */
  readonly maximumTextLength?: number
  /**
   * The largest share of right answers that may be turned into "none". Default without the background 0.0075 if there
   * is enough `validation`, else 6.6 / examples^0.8 and at most 0.2: held-out examples are harder than messages will be,
   * because they miss their own words in training, but with 15,000 (0.3 %) they have near twins among the others and are
   * easier. With the background 0.03 if there is enough `validation`, else up to 0.16, less with more than 500 examples
   * or 22 intents: the more intents there are, the more of them are hard to tell from strangers.
   */
  readonly maximumLoss?: number
  /** What recognising a stranger is worth when choosing the threshold; a right answer is worth 1. Default 1. */
  readonly noneValue?: number
  /**
   * The share of messages expected to belong to none; confidence takes it into account, and "none" is answered where it
   * is more probable than the best intent. Default with the background 0.5, else 0.1.
   */
  readonly noneShare?: number
  /** How many intents `ranking` holds at most. Default 3. */
  readonly rankingSize?: number
  /** Weight of training errors against large weights, the C of a support vector machine. Default 1. */
  readonly cost?: number
  /** Most passes over the examples an intent. Default 6. */
  readonly passes?: number
  /** A word or n-gram that fewer examples have is treated as unknown. Default 1, from 3,000 examples on 2. */
  readonly minimumTexts?: number
  /** How much unknown words lower the scores: 0 = not at all, 1 = as if each were a rare known one. Default 1.5. */
  readonly unknownShare?: number
}

export type ResolvedOptions = Required<Omit<ExamplesClassifierOptions, 'validation'>> &
  Pick<ExamplesClassifierOptions, 'validation'>

/** Throws `invalid_options` for a number that is not in the range that its option can work with. */
export function resolveOptions(
  options: ExamplesClassifierOptions,
  { exampleCount, intentCount }: { exampleCount: number; intentCount: number },
): ResolvedOptions {
  const { validation } = options
  if (validation && !(Array.isArray(validation.examples) && Array.isArray(validation.outOfScope))) {
    throw new WaAgentError(
      'invalid_options',
      'Expected `validation` of the examples classifier to have `examples` and `outOfScope`. Add them or leave it out.',
    )
  }
  const background = options.background ?? exampleCount <= mostExamplesWithBackground
  const isValidated = hasEnoughValidation(options)
  const lossWithout = isValidated ? 0.0075 : Math.min(0.2, 6.6 / Math.max(1, exampleCount) ** 0.8)
  const lossWithBackground = isValidated
    ? 0.03
    : Math.max(Math.min(0.16, lossWithout), Math.min(0.16, 80 / exampleCount, 80 / intentCount ** 2))
  const resolved = {
    outOfScope: [],
    background,
    seed: 1,
    maximumTextLength: 1000,
    maximumLoss: background ? lossWithBackground : lossWithout,
    noneValue: 1,
    noneShare: background ? 0.5 : 0.1,
    rankingSize: 3,
    cost: 1,
    passes: 6,
    minimumTexts: exampleCount >= 3000 ? 2 : 1,
    unknownShare: 1.5,
    ...options,
  }
  requireWithin(resolved, 'maximumTextLength', { least: 1, most: 1_000_000 })
  requireWithin(resolved, 'maximumLoss', { least: 0, most: 1 })
  requireWithin(resolved, 'noneValue', { least: 0, most: 1000 })
  requireWithin(resolved, 'noneShare', { least: 0.001, most: 0.999 })
  requireWithin(resolved, 'rankingSize', { least: 1, most: 1000 })
  requireWithin(resolved, 'cost', { least: 1e-6, most: 1e6 })
  requireWithin(resolved, 'passes', { least: 1, most: 1000 })
  requireWithin(resolved, 'minimumTexts', { least: 1, most: 1000 })
  requireWithin(resolved, 'unknownShare', { least: 0, most: 10 })
  return resolved
}

const mostExamplesWithBackground = 2000

/** Fewer held-out texts than this are too few to choose the threshold by alone. */
export const enoughTexts = 20

/** Whether validation texts can take the place of cross-validation. */
export function hasEnoughValidation({ validation }: Pick<ExamplesClassifierOptions, 'validation'>): boolean {
  if (validation === undefined) return false
  return validation.examples.length >= enoughTexts && validation.outOfScope.length >= enoughTexts
}

function requireWithin<Name extends keyof ResolvedOptions>(
  options: ResolvedOptions,
  name: Name,
  range: { least: number; most: number },
): void {
  const value = options[name]
  if (typeof value === 'number' && value >= range.least && value <= range.most) return
  const expected = `to be a number from ${range.least} to ${range.most}`
  throw new WaAgentError(
    'invalid_options',
    `Expected \`${name}\` of the examples classifier ${expected}, got ${String(value)}. Correct it or leave it out.`,
  )
}
