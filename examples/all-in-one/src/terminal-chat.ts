import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'
import { styleText } from 'node:util'
import { textOf } from '@wa-agent/core'
import { type LocalTransport, localTransport } from './local-transport.ts'

const customer = 'you'
const prompt = `${styleText('cyan', 'you ›')} `

/** The terminal as a channel: what is typed goes through the whole engine, what the bot says is shown. */
export function terminalChannel(): LocalTransport {
  return localTransport('terminal', ({ message }) => {
    const lines = textOf(message).split('\n')
    // Over the prompt, which is drawn again below.
    process.stdout.write(
      `\r\u001b[K${lines.map((line, index) => `${index === 0 ? styleText('green', 'shop ›') : '      '} ${line}`).join('\n')}\n${prompt}`,
    )
  })
}

/** Reads lines until the input ends or Ctrl-C; then resolves. */
export function chatInTerminal(channel: LocalTransport): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt })
  lines.prompt()
  lines.on('line', (text) => {
    if (text.trim() === '') return lines.prompt()
    channel.receive({ id: randomUUID(), from: customer, text }).catch((error: unknown) => {
      process.stdout.write(`${styleText('red', String(error))}\n`)
    })
  })
  return new Promise((resolve) => lines.once('close', resolve))
}
