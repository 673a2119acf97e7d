import type { Clock } from '@wa-agent/core'

/** Where the agent speaks to its owner. */
export interface Display {
  /** Shows how it is. `headline` is the part whose change is news. */
  status(line: string, headline: string): void
  /** Shows a QR code and what to do with it in place of the last one; `undefined` takes both away. */
  code(code: { readonly drawing: string; readonly caption: string } | undefined): void
  /** Says something that stays. */
  say(text: string): void
  close(): void
}

/** What a display needs of `process.stdout`. */
export interface Output {
  write(text: string): unknown
  readonly columns?: number
  readonly rows?: number
}

const up = (lines: number) => `\u001B[${lines}A`
const eraseBelow = '\r\u001B[J'

/** For people who look: the last line is always the status, and a code stands above it. */
export function terminalDisplay(output: Output): Display {
  let line = ''
  let drawn: string[] = []
  const cut = () => {
    // Some terminals do not know their size, and say 0.
    const columns = output.columns || 80
    return line.length < columns ? line : `${line.slice(0, Math.max(columns - 2, 1))}…`
  }
  const draw = (lasting: string, next: readonly string[]) => {
    // What has scrolled away cannot be drawn over.
    const above = Math.min(drawn.length, (output.rows || 24) - 1)
    output.write(`${above > 0 ? up(above) : ''}${eraseBelow}${lasting}${[...next, cut()].join('\n')}`)
    drawn = [...next]
  }
  return {
    status(text) {
      if (text === line) return
      line = text
      output.write(`${eraseBelow}${cut()}`)
    },
    code(code) {
      if (code) draw('', ['', ...dark(code.drawing).split('\n'), '', ...code.caption.split('\n'), ''])
      else if (drawn.length > 0) draw('', [])
    },
    say: (text) => draw(`${text}\n`, drawn),
    close: () => void output.write('\n'),
  }
}

/** A terminal may have dark letters on a light ground, and not every phone reads a code that is inverted. */
function dark(drawing: string): string {
  return drawing.replace(/^.*$/gm, '\u001B[97;40m$&\u001B[0m')
}

const quietMs = 60_000

/** For a file, a pipe or the log of a service: a line for each change, and at most one a minute where no news are in it. */
export function plainDisplay(output: Output, clock: Clock): Display {
  let last = { line: '', headline: '', atMs: Number.NEGATIVE_INFINITY }
  let isAsked = false
  let cancel: (() => void) | undefined
  const write = (text: string) => output.write(`${new Date(clock.now()).toISOString()} ${text}\n`)
  const show = (line: string, headline: string) => {
    cancel?.()
    cancel = undefined
    if (line === last.line) return
    last = { line, headline, atMs: clock.now() }
    write(line)
  }
  return {
    status(line, headline) {
      if (headline !== last.headline) return show(line, headline)
      cancel?.()
      cancel = clock.after(Math.max(last.atMs + quietMs - clock.now(), 0), () => show(line, headline))
    },
    code(code) {
      // A drawing every half minute would fill the log; the caption says where else it can be seen.
      if (code && !isAsked) write(code.caption.replaceAll('\n', ' '))
      isAsked = code !== undefined
    },
    say: write,
    close: () => cancel?.(),
  }
}
