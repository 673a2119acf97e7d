import { virtualClock } from '@wa-agent/testing'
import { expect, test } from 'vitest'
import { plainDisplay, terminalDisplay } from './display.ts'

/** A terminal as far as the display uses one: the lines that somebody would see. */
function screen(columns = 40, rows = 10) {
  const lines = ['']
  let row = 0
  const output = {
    columns,
    rows,
    write(text: string) {
      for (const [, up, erase, newline, other] of text.matchAll(
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it reads.
        /\u001B\[(\d+)A|(\r\u001B\[J)|(\n)|\u001B\[[\d;]+m|([^\u001B\r\n]+)/g,
      )) {
        if (up) row = Math.max(row - Number(up), 0)
        else if (erase) lines.splice(row, lines.length, '')
        else if (newline) {
          row += 1
          lines[row] ??= ''
        } else lines[row] += other ?? ''
      }
    },
  }
  return { output, lines: () => [...lines] }
}

test('a terminal that does not know its size shows the whole status', () => {
  const { output, lines } = screen(0, 0)
  const display = terminalDisplay(output)
  display.status('Starting', '')
  display.code({ drawing: '##', caption: 'Scan it' })
  display.code(undefined)
  display.status('Connected as +91 98765 43210', '')
  expect(lines().at(-1)).toBe('Connected as +91 98765 43210')
  expect(lines().join('')).not.toContain('#')
})

test('the status stays in the last line, under what was said', () => {
  const { output, lines } = screen()
  const display = terminalDisplay(output)
  display.status('Starting', '')
  display.say('Hello')
  display.status('Connected', '')
  expect(lines()).toEqual(['Hello', 'Connected'])
  display.say('Goodbye')
  display.close()
  expect(lines()).toEqual(['Hello', 'Goodbye', 'Connected', ''])
})

test('a code stands above the status, gives way to the next one, and goes', () => {
  const { output, lines } = screen()
  const display = terminalDisplay(output)
  display.status('Scan', '')
  display.code({ drawing: '##\n##', caption: 'With the\nphone' })
  display.say('Hello')
  display.code({ drawing: '# \n #', caption: 'With the\nphone' })
  display.status('Scan now', '')
  expect(lines()).toEqual(['Hello', '', '# ', ' #', '', 'With the', 'phone', '', 'Scan now'])
  display.code(undefined)
  display.status('Connected', '')
  expect(lines()).toEqual(['Hello', 'Connected'])
})

test('a line that is too long is cut, so that it never takes two', () => {
  const { output, lines } = screen(10)
  terminalDisplay(output).status('Connected as somebody', '')
  expect(lines()).toEqual(['Connecte…'])
})

test('a log gets a line for each change, and numbers at most once a minute', async () => {
  const clock = virtualClock()
  const lines: string[] = []
  const display = plainDisplay({ write: (text) => lines.push(text) }, clock)
  display.status('Starting', 'Starting')
  display.status('Connected · 0', 'Connected')
  for (let waiting = 0; waiting < 100; waiting += 1) {
    display.status(`Connected · ${waiting}`, 'Connected')
    await clock.advance(1000)
  }
  await clock.advance(60_000)
  for (let code = 0; code < 3; code += 1) display.code({ drawing: '##', caption: 'Scan\nit' })
  display.say('Goodbye')
  display.close()
  expect(lines).toEqual([
    '2026-01-01T00:00:00.000Z Starting\n',
    '2026-01-01T00:00:00.000Z Connected · 0\n',
    '2026-01-01T00:01:00.000Z Connected · 59\n',
    '2026-01-01T00:02:00.000Z Connected · 99\n',
    '2026-01-01T00:02:40.000Z Scan it\n',
    '2026-01-01T00:02:40.000Z Goodbye\n',
  ])
  expect(clock.timers).toBe(0)
})
