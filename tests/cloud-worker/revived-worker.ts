import { startWorker, type Worker } from './worker.ts'

/** When a worker dies: at the n-th time, counted from its start, that one of these happens. */
export interface Blow {
  /** A provider has accepted a message and not answered; has answered; or a webhook was just posted. */
  readonly at: 'before-answer' | 'after-answer' | 'on-webhook'
  readonly count: number
}

/** A worker that dies by SIGKILL again and again, and is started again on the same database. */
export class RevivedWorker implements AsyncDisposable {
  readonly #environment: Readonly<Record<string, string>>
  readonly #blows: Blow[]
  /** Absent while none runs. */
  #alive: Worker | undefined
  #running: Promise<Worker>
  #seen = 0
  kills = 0

  constructor(environment: Readonly<Record<string, string>>, blows: readonly Blow[]) {
    this.#environment = environment
    this.#blows = [...blows]
    this.#running = this.#start()
  }

  get isSpared(): boolean {
    return this.#blows.length === 0
  }

  /** The one that runs, or the next one. */
  running(): Promise<Worker> {
    return this.#running
  }

  /** Something happened. Resolves with whether the worker died of it. */
  passes(at: Blow['at']): boolean {
    const [blow] = this.#blows
    if (!this.#alive || blow?.at !== at) return false
    this.#seen += 1
    if (this.#seen < blow.count) return false
    this.kill()
    return true
  }

  kill(): void {
    const dying = this.#alive
    if (!dying) return
    this.#alive = undefined
    this.#blows.shift()
    this.#seen = 0
    this.kills += 1
    this.#running = dying.kill().then(() => this.#start())
    // Whoever waits for it is told.
    this.#running.catch(() => undefined)
  }

  async [Symbol.asyncDispose]() {
    const worker = await this.#running.catch(() => undefined)
    await worker?.[Symbol.asyncDispose]()
  }

  async #start(): Promise<Worker> {
    const worker = await startWorker(this.#environment)
    this.#alive = worker
    return worker
  }
}
