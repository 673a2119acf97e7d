import { SeededRandom, shuffle } from './random.ts'

/** One way to set examples aside. Numbers are rows of the examples. */
export interface Round {
  readonly training: Int32Array
  /** Examples of intents that were trained: which intent is it? */
  readonly members: Int32Array
  /** Examples of intents that were left out completely: they belong to none. */
  readonly strangers: Int32Array
}

export interface RoundOptions {
  /** The share set aside in a round is one in this many: of each intent's examples, and of the intents. */
  readonly parts: number
  readonly rounds: number
  /** Whether whole intents are set aside too, to play the messages that belong to none. */
  readonly holdOutIntents: boolean
  readonly seed: number
}

/** Deals examples and intents to parts at random, evenly; round r sets part r aside. */
export function planRounds(labels: Int32Array, intentCount: number, options: RoundOptions): Round[] {
  const random = new SeededRandom(options.seed)
  const intentOrder = Int32Array.from({ length: intentCount }, (_, intent) => intent)
  shuffle(intentOrder, random)
  const intentParts = new Int32Array(intentCount)
  intentOrder.forEach((intent, at) => {
    intentParts[intent] = at % options.parts
  })
  const exampleOrder = Int32Array.from(labels, (_, row) => row)
  shuffle(exampleOrder, random)
  // Each intent starts dealing at another part, so that parts are even even when intents have one example.
  const dealt = Int32Array.from({ length: intentCount }, (_, intent) => intent)
  const exampleParts = new Int32Array(labels.length)
  for (const row of exampleOrder) {
    const intent = labels[row] as number
    exampleParts[row] = (dealt[intent] as number) % options.parts
    dealt[intent] = (dealt[intent] as number) + 1
  }
  return Array.from({ length: options.rounds }, (_, round) => {
    const isStranger = (row: number) => options.holdOutIntents && intentParts[labels[row] as number] === round
    const isHeldOut = (row: number) => exampleParts[row] === round
    const rows = exampleOrder.toSorted()
    const training = rows.filter((row) => !isStranger(row) && !isHeldOut(row))
    const trained = new Set(Array.from(training, (row) => labels[row]))
    return {
      training,
      members: rows.filter((row) => !isStranger(row) && isHeldOut(row) && trained.has(labels[row])),
      strangers: rows.filter(isStranger),
    }
  })
}
