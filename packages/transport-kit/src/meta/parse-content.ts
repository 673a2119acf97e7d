import type { InboundMessageInput } from '@wa-agent/core'
import { z } from 'zod'
import { type MetaMessage, optionalText } from './payloads.ts'

/** What a message says, without who said it and when. */
export type InboundContent = InboundMessageInput extends infer Message
  ? Message extends InboundMessageInput
    ? Omit<Message, 'id' | 'chat' | 'from' | 'fromMe' | 'isGroup' | 'sentAtMs' | 'replyTo'>
    : never
  : never

type Reader = (content: unknown) => InboundContent | undefined

/** Makes a reader that gives nothing where the content does not look as expected. */
function reader<Schema extends z.ZodType>(schema: Schema, read: (content: z.output<Schema>) => InboundContent): Reader {
  return (content) => {
    const result = schema.safeParse(content)
    return result.success ? read(result.data) : undefined
  }
}

const media = z.object({
  id: z.string().min(1),
  mime_type: optionalText,
  sha256: optionalText,
  filename: optionalText,
  caption: optionalText,
  voice: z.boolean().catch(false),
  animated: z.boolean().catch(false),
})

function reference({ id, mime_type, sha256, filename }: z.output<typeof media>) {
  return { reference: id, mimeType: mime_type, sha256, fileName: filename }
}

const finite = z.coerce.number().refine(Number.isFinite)
const optionalNumber = finite.optional().catch(undefined)

const location = z.object({ latitude: finite, longitude: finite, name: optionalText, address: optionalText })

const phone = z.object({ phone: optionalText, wa_id: optionalText })
const card = z.object({
  name: z.object({ formatted_name: optionalText, first_name: optionalText }).catch({}),
  phones: z.array(phone.catch({})).catch([]),
  emails: z.array(z.object({ email: optionalText }).catch({})).catch([]),
})

const choice = z.object({ id: z.string(), title: z.string().catch('') })
const interactive = z.object({
  type: z.string().catch('interactive'),
  button_reply: choice.optional().catch(undefined),
  list_reply: choice.optional().catch(undefined),
})

const order = z.object({
  catalog_id: optionalText,
  text: optionalText,
  product_items: z.array(
    z.object({
      product_retailer_id: z.coerce.string(),
      quantity: finite.catch(1),
      item_price: optionalNumber,
      currency: optionalText,
    }),
  ),
})

const readers: ReadonlyMap<string, Reader> = new Map([
  ['text', reader(z.object({ body: z.string() }), ({ body }) => ({ type: 'text', text: body }))],
  ['image', reader(media, (file) => ({ type: 'image', media: reference(file), caption: file.caption }))],
  ['video', reader(media, (file) => ({ type: 'video', media: reference(file), caption: file.caption }))],
  ['document', reader(media, (file) => ({ type: 'document', media: reference(file), caption: file.caption }))],
  ['audio', reader(media, (file) => ({ type: 'audio', media: reference(file), voice: file.voice }))],
  ['sticker', reader(media, (file) => ({ type: 'sticker', media: reference(file), animated: file.animated }))],
  ['location', reader(location, (place) => ({ type: 'location', ...place }))],
  ['contacts', reader(z.array(card.catch({ name: {}, phones: [], emails: [] })), readCards)],
  [
    'reaction',
    // Without an emoji it was taken back.
    reader(z.object({ message_id: z.string().min(1), emoji: z.string().catch('') }), ({ message_id, emoji }) => ({
      type: 'reaction',
      emoji,
      to: message_id,
    })),
  ],
  ['button', reader(z.object({ payload: optionalText, text: optionalText }), readQuickReply)],
  ['interactive', reader(interactive, readInteractive)],
  ['order', reader(order, readOrder)],
  [
    'unsupported',
    reader(z.object({ type: z.string().min(1).catch('unsupported') }), ({ type }) => ({
      type: 'unsupported',
      originalType: type,
    })),
  ],
])

/** What a message says in our words; what is not known, or does not look as expected, is `unsupported`. */
export function parseContent(message: MetaMessage): InboundContent {
  const { type } = message
  return readers.get(type)?.(message[type]) ?? { type: 'unsupported', originalType: type.slice(0, 64) }
}

function readCards(cards: readonly z.output<typeof card>[]): InboundContent {
  return {
    type: 'contacts',
    contacts: cards.map(({ name, phones, emails }) => ({
      name: name.formatted_name ?? name.first_name ?? '',
      phones: phones.flatMap(({ phone, wa_id }) => phone ?? wa_id ?? []),
      emails: emails.flatMap(({ email }) => email ?? []),
    })),
  }
}

/** The quick reply of a template. */
function readQuickReply(button: { readonly payload?: string | undefined; readonly text?: string | undefined }) {
  const { payload, text } = button
  return selectionOf({ id: payload ?? text ?? '', title: text ?? payload ?? '' }, 'button')
}

function readInteractive({ type, button_reply, list_reply }: z.output<typeof interactive>): InboundContent {
  if (button_reply) return selectionOf(button_reply, 'button')
  if (list_reply) return selectionOf(list_reply, 'list')
  // A form (`nfm_reply`) says nothing in words, and its answers are the business of whoever made the form.
  return { type: 'unsupported', originalType: type.slice(0, 64) }
}

function selectionOf(selection: { readonly id: string; readonly title: string }, source: 'button' | 'list') {
  return { type: 'selection' as const, selection, source }
}

function readOrder({ catalog_id, text, product_items }: z.output<typeof order>): InboundContent {
  return {
    type: 'order',
    catalogId: catalog_id,
    text,
    items: product_items.map(({ product_retailer_id, quantity, item_price, currency }) => ({
      productId: product_retailer_id,
      quantity,
      price: item_price,
      currency,
    })),
  }
}
