import type { Bot } from '@wa-agent/core'

/** Counts what a replay does, from the bot's events. */
export class ReplayStatistics {
  answered = 0
  duplicates = 0
  #turns = 0
  #dead = 0
  readonly #intents = new Map<string, number>()
  readonly #decidedBy = new Map<string, number>()
  readonly #beganMs = new Map<string, number>()
  readonly #latenciesMs: number[] = []
  readonly #startMs = performance.now()

  constructor(bot: Bot) {
    bot.on('message-received', ({ status }) => {
      if (status === 'duplicate') this.duplicates += 1
    })
    bot.on('turn-started', ({ turnId }) => {
      if (!this.#beganMs.has(turnId)) this.#beganMs.set(turnId, performance.now())
    })
    bot.on('turn-committed', ({ turnId, messageIds, trace, replies }) => {
      this.answered += messageIds.length
      this.#turns += 1
      count(this.#intents, trace?.classification.intent ?? '(none)')
      count(this.#decidedBy, trace?.classification.decidedBy ?? 'none')
      const [first] = replies
      const beganMs = this.#beganMs.get(turnId)
      this.#beganMs.delete(turnId)
      if (first && beganMs !== undefined) this.#beganMs.set(first.id, beganMs)
    })
    bot.on('turn-dead', ({ turnId, messageIds }) => {
      this.#dead += messageIds.length
      this.#beganMs.delete(turnId)
    })
    bot.on('reply-sent', ({ replyId }) => {
      const beganMs = this.#beganMs.get(replyId)
      if (beganMs !== undefined) this.#latenciesMs.push(performance.now() - beganMs)
      this.#beganMs.delete(replyId)
    })
  }

  /** The figures of this run, for people. */
  summary(outcome: { readonly output: string; readonly badLines: number; readonly deadLetters: number }): string {
    const seconds = (performance.now() - this.#startMs) / 1000
    const latencies = this.#latenciesMs.toSorted((a, b) => a - b)
    const line = (name: string, value: string | number) => `  ${name.padEnd(14)} ${value}`
    return [
      '',
      line(
        'messages',
        `${this.answered} answered in ${seconds.toFixed(1)} s (${Math.round(this.answered / seconds)}/s)`,
      ),
      this.duplicates > 0 ? line('', `${this.duplicates} known from an earlier run or given twice`) : undefined,
      outcome.badLines > 0 ? line('', `${outcome.badLines} lines left out, because they are no messages`) : undefined,
      line('turns', this.#turns),
      line('intents', table(this.#intents)),
      line(
        'decided by',
        ['rules', 'examples', 'model', 'none'].map((step) => `${step} ${this.#decidedBy.get(step) ?? 0}`).join(', '),
      ),
      line('time to answer', `p50 ${percentile(latencies, 0.5)} ms, p99 ${percentile(latencies, 0.99)} ms`),
      this.#dead + outcome.deadLetters > 0 ? line('dead letters', outcome.deadLetters) : undefined,
      line('replies', outcome.output),
      '',
    ]
      .filter((each) => each !== undefined)
      .join('\n')
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function table(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a)
  return sorted.map(([name, value]) => `${name} ${value}`).join(', ') || 'none'
}

function percentile(sorted: readonly number[], share: number): string {
  const value = sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)]
  return value === undefined ? '-' : value.toFixed(1)
}
