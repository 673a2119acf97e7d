import { renderUnicodeCompact } from 'uqr'

/** A code that links a phone when it is scanned. */
export interface QrCode {
  /** What the code says. It links the phone of whoever scans it, so show it to the owner alone. */
  readonly value: string
  /** The code drawn in half blocks, for a terminal with light letters on a dark ground. */
  readonly drawing: string
}

export function qrCode(value: string): QrCode {
  return { value, drawing: renderUnicodeCompact(value, { border: 2 }) }
}

/** What is shown where nobody said what to do with a code. */
export function showQr({ drawing }: QrCode): void {
  // A terminal may have dark letters on a light ground, and not every phone reads a code that is inverted.
  const lines = process.stdout.isTTY ? drawing.replace(/^.*$/gm, '\u001B[97;40m$&\u001B[0m') : drawing
  process.stdout.write(
    `\n${lines}\n\nWhatsApp on the phone: Settings, Linked devices, Link a device. Scan the code above.\n\n`,
  )
}

/** The same for a pairing code, which is typed on the phone. */
export function showPairingCode(code: string): void {
  const way = 'Settings, Linked devices, Link a device, Link with phone number instead'
  process.stdout.write(`\nWhatsApp on the phone: ${way}. Type this code: ${code.slice(0, 4)}-${code.slice(4)}\n\n`)
}
