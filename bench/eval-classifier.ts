/**
 * Trains the examples step of intent classification on one file, measures it on others.
 *
 *     npm run eval:classifier -- --train F [--oos-train F] [--val F] [--oos-val F] [--test F] [--oos-test F]
 *
 * Files hold one JSON object a line, `{"text": "…", "intent": "…"}`; of out-of-scope files only `text` is read.
 * --train is trained on, --oos-train too (as sentences of no intent). With both --val and --oos-val these choose the
 * threshold, otherwise cross-validation of the training sentences does. Measured are --test and --oos-test; where one
 * is missing, the validation file of its kind; where that is missing too, the figure is null.
 *
 * The last line on stdout is one JSON object: inScopeAccuracy (an in-scope sentence called none is an error),
 * outOfScopeRecall, trainMs, perMessageUs.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  type ExamplesClassifier,
  type ExamplesPrediction,
  type LabelledText,
  trainExamples,
} from '../packages/core/src/classify/examples/examples-classifier.ts'

class InputError extends Error {}

interface Files {
  readonly train: string
  readonly outOfScopeTrain: string | undefined
  readonly validation: string | undefined
  readonly outOfScopeValidation: string | undefined
  readonly test: string | undefined
  readonly outOfScopeTest: string | undefined
}

interface Measured {
  readonly text: string
  /** Undefined = none of the intents. */
  readonly truth: string | undefined
  readonly prediction: ExamplesPrediction
}

function readArguments(): Files {
  const option = { type: 'string' } as const
  const { values } = parseArgs({
    options: { train: option, val: option, test: option, 'oos-train': option, 'oos-val': option, 'oos-test': option },
  })
  if (values.train === undefined) throw new InputError('--train FILE is missing')
  return {
    train: values.train,
    outOfScopeTrain: values['oos-train'],
    validation: values.val,
    outOfScopeValidation: values['oos-val'],
    test: values.test ?? values.val,
    outOfScopeTest: values['oos-test'] ?? values['oos-val'],
  }
}

function readLines<Line>(file: string | undefined, parse: (line: unknown) => Line | undefined): Line[] {
  if (file === undefined) return []
  const lines = readText(file).split('\n')
  return lines.flatMap((line, at) => {
    if (line.trim() === '') return []
    const parsed = parse(parseJson(line, `${file}:${at + 1}`))
    if (parsed === undefined) throw new InputError(`${file}:${at + 1}: "text" (and in scope "intent") must be a string`)
    return [parsed]
  })
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new InputError(`${file}: cannot be read`, { cause: error })
  }
}

function parseJson(line: string, place: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw new InputError(`${place}: not JSON`, { cause: error })
  }
}

function parseText(line: unknown): string | undefined {
  if (typeof line !== 'object' || line === null || !('text' in line)) return undefined
  return typeof line.text === 'string' ? line.text : undefined
}

function parseLabelled(line: unknown): LabelledText | undefined {
  const text = parseText(line)
  if (text === undefined || typeof line !== 'object' || line === null || !('intent' in line)) return undefined
  return typeof line.intent === 'string' ? { text, intent: line.intent } : undefined
}

function train(files: Files): { classifier: ExamplesClassifier; trainMs: number } {
  const examples = readLines(files.train, parseLabelled)
  if (examples.length === 0) throw new InputError(`${files.train}: no examples`)
  const outOfScope = readLines(files.outOfScopeTrain, parseText)
  const validation = {
    examples: readLines(files.validation, parseLabelled),
    outOfScope: readLines(files.outOfScopeValidation, parseText),
  }
  const both = validation.examples.length > 0 && validation.outOfScope.length > 0
  const start = performance.now()
  const classifier = trainExamples(examples, { outOfScope, ...(both ? { validation } : {}) })
  const trainMs = performance.now() - start
  const { intents, threshold } = classifier
  console.log(`Trained on      ${examples.length} examples of ${intents.length} intents`)
  console.log(`                ${outOfScope.length} out-of-scope sentences`)
  console.log(`Training time   ${trainMs.toFixed(0)} ms`)
  console.log(
    `Threshold       ${threshold.toFixed(3)}, by ${both ? 'the validation files' : 'held-out training sentences'}\n`,
  )
  return { classifier, trainMs }
}

function measure(classifier: ExamplesClassifier, files: Files): { measured: Measured[]; perMessageUs: number } {
  const sentences: { text: string; truth: string | undefined }[] = [
    ...readLines(files.test, parseLabelled).map(({ text, intent }) => ({ text, truth: intent })),
    ...readLines(files.outOfScopeTest, parseText).map((text) => ({ text, truth: undefined })),
  ]
  const start = performance.now()
  const measured = sentences.map(({ text, truth }) => ({ text, truth, prediction: classifier.classify(text) }))
  const perMessageUs = sentences.length === 0 ? Number.NaN : ((performance.now() - start) * 1000) / sentences.length
  return { measured, perMessageUs }
}

function share(part: number, whole: number): number {
  return whole === 0 ? Number.NaN : part / whole
}

function percent(value: number): string {
  return Number.isNaN(value) ? 'not measured' : `${(100 * value).toFixed(2)} %`
}

/** Expected calibration error over ten bins: how far confidence is from how often the best intent is right. */
function calibrationError(measured: readonly Measured[]): number {
  const bins = Array.from({ length: 10 }, () => ({ confidence: 0, right: 0 }))
  for (const { truth, prediction } of measured) {
    const bin = bins[Math.min(9, Math.floor(prediction.confidence * 10))]
    if (bin === undefined) continue
    bin.confidence += prediction.confidence
    if (truth !== undefined && prediction.ranking[0]?.intent === truth) bin.right++
  }
  return share(
    bins.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.right), 0),
    measured.length,
  )
}

function worstConfusions(measured: readonly Measured[]): string[] {
  const counts = new Map<string, number>()
  for (const { truth, prediction } of measured) {
    if (prediction.intent === truth) continue
    const confusion = `${truth ?? '(none)'} taken for ${prediction.intent ?? '(none)'}`
    counts.set(confusion, (counts.get(confusion) ?? 0) + 1)
  }
  const sorted = [...counts].sort(([, first], [, second]) => second - first)
  return sorted.slice(0, 12).map(([confusion, count]) => `  ${String(count).padStart(4)}  ${confusion}`)
}

function report(measured: readonly Measured[]): { inScopeAccuracy: number; outOfScopeRecall: number } {
  const inScope = measured.filter(({ truth }) => truth !== undefined)
  const strangers = measured.filter(({ truth }) => truth === undefined)
  const right = inScope.filter(({ truth, prediction }) => prediction.intent === truth).length
  const rankedFirst = inScope.filter(({ truth, prediction }) => prediction.ranking[0]?.intent === truth).length
  const recognised = strangers.filter(({ prediction }) => prediction.intent === undefined).length
  const calledNone = measured.filter(({ prediction }) => prediction.intent === undefined).length
  const inScopeAccuracy = share(right, inScope.length)
  const outOfScopeRecall = share(recognised, strangers.length)
  console.log(`In-scope accuracy     ${percent(inScopeAccuracy)}  (${right} of ${inScope.length})`)
  console.log(`  without threshold   ${percent(share(rankedFirst, inScope.length))}`)
  console.log(`Out-of-scope recall   ${percent(outOfScopeRecall)}  (${recognised} of ${strangers.length})`)
  console.log(`Precision of none     ${percent(share(recognised, calledNone))}  (${recognised} of ${calledNone})`)
  console.log(`Calibration error     ${percent(calibrationError(measured))}`)
  console.log(['Worst confusions', ...worstConfusions(measured), ''].join('\n'))
  return { inScopeAccuracy, outOfScopeRecall }
}

try {
  const files = readArguments()
  const { classifier, trainMs } = train(files)
  const { measured, perMessageUs } = measure(classifier, files)
  console.log(JSON.stringify({ ...report(measured), trainMs, perMessageUs }))
} catch (error) {
  const isUsage = error instanceof InputError || (error instanceof TypeError && 'code' in error)
  if (!isUsage) throw error
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : ''
  console.error(`eval-classifier: ${error.message}${cause}`)
  process.exitCode = 1
}
