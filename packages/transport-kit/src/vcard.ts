/** What is read from a vCard (RFC 6350), and written into one. */
export interface Card {
  readonly name: string
  readonly phones: readonly string[]
  readonly emails: readonly string[]
}

/** Reads name, phones and e-mail addresses; what else is in it is left out, and nothing in it is an error. */
export function parseCard(card: string, shownName?: string): Card {
  // A line that begins with white space continues the one before.
  const lines = card.replace(/\r?\n[ \t]/g, '').split(/\r?\n/)
  const values = (name: string) =>
    lines.flatMap((line) => {
      const colon = line.indexOf(':')
      const property = line.slice(0, colon).split(';')[0] ?? ''
      // `item1.TEL` is a TEL of a group.
      const matches = colon > 0 && property.slice(property.indexOf('.') + 1).toUpperCase() === name
      const value = matches ? unescaped(line.slice(colon + 1)).trim() : ''
      return value === '' ? [] : [value]
    })
  return { name: shownName ?? values('FN')[0] ?? '', phones: values('TEL'), emails: values('EMAIL') }
}

/** Writes a vCard 3.0, which is what WhatsApp's clients exchange. */
export function writeCard({ name, phones, emails }: Card): string {
  const tels = phones.map((phone) => `TEL;TYPE=CELL${whatsAppId(phone)}:${escaped(phone)}`)
  const mails = emails.map((email) => `EMAIL:${escaped(email)}`)
  const lines = ['BEGIN:VCARD', 'VERSION:3.0', `N:;${escaped(name)};;;`, `FN:${escaped(name)}`, ...tels, ...mails]
  return [...lines, 'END:VCARD'].join('\n')
}

/** With `waid` the card shows a button to write to the number. */
function whatsAppId(phone: string): string {
  const digits = phone.replace(/\D/g, '')
  return /^\+/.test(phone) && digits !== '' ? `;waid=${digits}` : ''
}

function escaped(value: string): string {
  return value.replace(/[\\,;]/g, (sign) => `\\${sign}`).replace(/\r?\n/g, '\\n')
}

function unescaped(value: string): string {
  return value.replace(/\\([\\,;nN])/g, (_, sign: string) => (sign.toLowerCase() === 'n' ? '\n' : sign))
}
