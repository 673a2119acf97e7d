import { adaptMessage, type OutboundMessage } from '@wa-agent/core'
import { cut } from './cut.ts'
import { interactiveLimits, metaCapabilities } from './limits.ts'

type Buttons = Extract<OutboundMessage, { type: 'buttons' }>
type List = Extract<OutboundMessage, { type: 'list' }>

const plainCapabilities = { ...metaCapabilities, maxButtons: 0, maxListRows: 0 }

/**
 * Buttons or a list, or `undefined` where Meta would refuse them: too long a text, ids that are too long or not unique, titles
 * that cannot be told apart once they are cut.
 */
export function renderInteractive(message: Buttons | List): Record<string, unknown> | undefined {
  if (message.text.trim() === '' || message.text.length > interactiveLimits.body) return undefined
  const action = message.type === 'buttons' ? buttonsAction(message) : listAction(message)
  if (action === undefined) return undefined
  return {
    type: message.type === 'buttons' ? 'button' : 'list',
    body: { text: message.text },
    ...(message.footer ? { footer: { text: cut(message.footer, interactiveLimits.footer) } } : {}),
    action,
  }
}

/** The same as a numbered text: customers who type a number are understood. */
export function renderNumbered(message: Buttons | List): string {
  const { messages } = adaptMessage(message, plainCapabilities)
  const texts = messages.map((one) => (one.type === 'text' ? one.text : ''))
  return texts.join('\n')
}

function buttonsAction({ buttons }: Buttons) {
  const { buttonId, buttonTitle } = interactiveLimits
  const replies = buttons.map(({ id, title }) => ({ id, title: cut(title, buttonTitle) }))
  const titles = replies.map(({ title }) => title)
  if (!areUnique(titles) || !areIds(replies, buttonId)) return undefined
  return { buttons: replies.map((reply) => ({ type: 'reply', reply })) }
}

function listAction({ button, sections }: List) {
  const { listButton, sectionTitle, rowId, rowTitle, rowDescription } = interactiveLimits
  const rendered = sections.map(({ title, rows }) => ({
    // Without a title a section is only allowed alone.
    ...(title || sections.length > 1 ? { title: cut(title || '-', sectionTitle) } : {}),
    rows: rows.map(({ id, title: name, description }) => ({
      id,
      title: cut(name, rowTitle),
      ...(description ? { description: cut(description, rowDescription) } : {}),
    })),
  }))
  const allRows = rendered.flatMap(({ rows }) => rows)
  if (button.trim() === '' || !areIds(allRows, rowId)) return undefined
  return { button: cut(button, listButton), sections: rendered }
}

function areIds(choices: readonly { readonly id: string }[], maxLength: number): boolean {
  const ids = choices.map(({ id }) => id)
  return areUnique(ids) && ids.every((id) => id.length <= maxLength)
}

function areUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length
}
