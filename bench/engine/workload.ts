/** What every chat of the bench writes, over and over: the shop's daily mix, with a whole order in it. */
const sentences = [
  'hello',
  'do you have boxes?',
  'what are your opening hours',
  'I want to order 10 boxes',
  'medium',
  '12 Main Street, Springfield',
  'yes',
  'where is my order',
  'do you deliver on saturday',
  'how much is bubble wrap',
  'thanks a lot',
  'what is the capital of france',
]

export const chats = 200
export const messages = 10_000
/** Answered before anything is measured: what a process does in its first second is compiling. */
const warmUpMessages = 40_000

/** Message number `index` of chat number `chat`: the chats begin at different places of the mix. */
export function sentence(chat: number, index: number): string {
  return sentences[(chat + index) % sentences.length] ?? ''
}

/** What one contestant of the bench did. */
export interface Figures {
  readonly messagesPerSecond: number
  readonly cpuMicrosPerMessage: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly rssMb: number
}

/** Plays the chats against `receive`, which answers by `answered(chat)`. Each chat writes on after its last reply. */
export class Chats {
  readonly #sentMs = new Float64Array(chats)
  readonly #written = new Uint32Array(chats)
  readonly #latenciesMs: number[] = []
  readonly #receive: (message: { id: string; chat: string; text: string }) => void
  #done: () => void = () => undefined
  #left = 0
  #unanswered = 0

  constructor(receive: (message: { id: string; chat: string; text: string }) => void) {
    this.#receive = receive
  }

  /** Runs the whole load once and measures it. */
  async run(): Promise<Figures> {
    await this.#play(warmUpMessages)
    this.#latenciesMs.length = 0
    const cpu = process.cpuUsage()
    const beganMs = performance.now()
    await this.#play(messages)
    const elapsedMs = performance.now() - beganMs
    const { user, system } = process.cpuUsage(cpu)
    const sorted = this.#latenciesMs.toSorted((a, b) => a - b)
    return {
      messagesPerSecond: Math.round((messages / elapsedMs) * 1000),
      cpuMicrosPerMessage: Math.round((user + system) / messages),
      p50Ms: rounded(sorted[Math.floor(sorted.length * 0.5)]),
      p99Ms: rounded(sorted[Math.floor(sorted.length * 0.99)]),
      rssMb: Math.round(process.memoryUsage.rss() / 1024 / 1024),
    }
  }

  /** A reply arrived in the chat. */
  answered(chat: string): void {
    const index = Number(chat)
    this.#latenciesMs.push(performance.now() - (this.#sentMs[index] ?? 0))
    this.#write(index)
    this.#unanswered -= 1
    if (this.#unanswered === 0) this.#done()
  }

  async #play(count: number): Promise<void> {
    const finished = new Promise<void>((resolve) => {
      this.#done = resolve
    })
    this.#left = count
    this.#unanswered = count
    for (let chat = 0; chat < chats; chat += 1) this.#write(chat)
    await finished
  }

  #write(chat: number): void {
    if (this.#left === 0) return
    this.#left -= 1
    const index = this.#written[chat] ?? 0
    this.#written[chat] = index + 1
    this.#sentMs[chat] = performance.now()
    this.#receive({ id: `m-${chat}-${index}`, chat: String(chat), text: sentence(chat, index) })
  }
}

function rounded(value = 0): number {
  return Math.round(value * 100) / 100
}
