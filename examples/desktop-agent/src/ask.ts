import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

/** Where questions are asked. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
}

/** Asks people questions. */
export interface Questions {
  /** Resolves with the answer without spaces around it; rejects where the person gives up (Ctrl-C, Ctrl-D). */
  ask(question: string, options?: { readonly isSecret?: boolean }): Promise<string>
  say(text: string): void
  close(): void
}

/** Drawn over itself by readline, which keeps silent while something secret is typed. */
const prompt = '  > '

/** Asks in a terminal. The answer to a secret question is not shown while it is typed. */
export function askInTerminal({ input, output }: Terminal): Questions {
  // Between two questions nothing is shown: several lines that are pasted at once may have a secret in them.
  let isHidden = true
  const shown = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      if (!isHidden) output.write(chunk)
      done()
    },
  })
  const lines = createInterface({ input, output: shown, terminal: true, historySize: 0 })
  const early: string[] = []
  lines.on('line', (line) => early.push(line))
  return {
    ask(question, { isSecret = false } = {}) {
      return new Promise((resolve, reject) => {
        const giveUp = () => {
          isHidden = false
          output.write('\n')
          reject(new Error('Nothing was saved. Start again when you have all three.'))
        }
        lines.once('close', giveUp)
        isHidden = isSecret
        output.write(`${question}\n${prompt}`)
        const known = early.shift()
        if (known !== undefined) {
          lines.off('close', giveUp)
          isHidden = true
          output.write('\n')
          return resolve(known.trim())
        }
        lines.question(prompt, (answer) => {
          lines.off('close', giveUp)
          if (isHidden) output.write('\n')
          isHidden = true
          resolve(answer.trim())
        })
      })
    },
    say: (text) => void output.write(`${text}\n`),
    close: () => lines.close(),
  }
}
