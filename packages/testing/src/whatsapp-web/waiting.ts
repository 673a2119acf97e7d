/** How long to wait for something that the page does. */
export interface WaitOptions {
  /** Default 10,000. */
  readonly timeoutMs?: number
}

/** Wakes those who wait for the state of something to become what they want. */
export class Waiting {
  readonly #looks = new Map<() => void, (error: Error) => void>()

  /** Tells that something changed. */
  changed(): void {
    for (const look of [...this.#looks.keys()]) look()
  }

  /** Resolves with the first thing that `find` gives, now or after a change. Rejects, naming `what`, when it takes too long. */
  until<T>(what: string, find: () => T | undefined, { timeoutMs = 10_000 }: WaitOptions = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = () => {
        clearTimeout(timer)
        this.#looks.delete(look)
      }
      const fail = (error: Error) => {
        finish()
        reject(error)
      }
      const look = () => {
        const found = find()
        if (found === undefined) return
        finish()
        resolve(found)
      }
      const late = () => fail(new Error(`[whatsapp-web] Waited ${timeoutMs} ms for ${what}.`))
      const timer = timeoutMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(late, timeoutMs)
      this.#looks.set(look, fail)
      look()
    })
  }

  /** Nothing will change any more: whoever waits is rejected. */
  end(): void {
    for (const fail of [...this.#looks.values()])
      fail(new Error('[whatsapp-web] The simulated WhatsApp Web was closed.'))
  }
}
