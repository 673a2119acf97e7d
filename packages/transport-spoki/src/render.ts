import type { Delivery, OutboundMedia, OutboundMessage } from '@wa-agent/core'
import { renderMeta } from '@wa-agent/transport-kit/meta'
import { z } from 'zod'
import { phoneOf } from './ids.ts'
import type { SpokiTemplate } from './options.ts'
import { replyIdField } from './parse.ts'

/** The body of a send, or why there can be none. */
export type Rendered = { readonly body: Record<string, unknown> } | { readonly impossible: string }

type Content = { readonly content: Record<string, unknown> } | { readonly impossible: string }

/** The body of `POST /api/1/messages/send/`. */
export function renderSpoki(delivery: Delivery, templates: ReadonlyMap<string, SpokiTemplate>): Rendered {
  const rendered = contentOf(delivery, templates)
  if ('impossible' in rendered) return rendered
  // What is in `metadata` comes back with every status: so a reply is found whose answer was lost.
  return { body: { phone: phoneOf(delivery.chat), metadata: { [replyIdField]: delivery.id }, ...rendered.content } }
}

function contentOf(delivery: Delivery, templates: ReadonlyMap<string, SpokiTemplate>): Content {
  const { message } = delivery
  switch (message.type) {
    case 'text':
      return text(message.text)
    case 'image':
      return file('Image', message.media, message.caption)
    case 'video':
      return file('Video', message.media, message.caption)
    case 'document':
      return file('Document', message.media, message.caption)
    case 'audio':
      return file('Audio', message.media)
    case 'buttons':
    case 'list':
      return choices(delivery)
    case 'template':
      return template(message, templates)
    case 'sticker':
    case 'location':
    case 'contacts':
    case 'reaction':
      return { impossible: `Spoki has no ${message.type}` }
  }
}

function text(words: string): Content {
  return { content: { type: 'Message', content_type: 'Text', text: words } }
}

/** Spoki fetches files itself. Its field is called `media` in one place and `url` in another. */
function file(kind: string, media: OutboundMedia, caption?: string): Content {
  if (!('url' in media)) return { impossible: 'Spoki takes files only by URL' }
  const { url, fileName } = media
  return {
    content: {
      ...{ type: 'Message', content_type: kind, media: url, url },
      ...(caption ? { caption } : {}),
      ...(fileName ? { filename: fileName } : {}),
    },
  }
}

const choiceSchema = z.object({ id: z.string(), title: z.string() })
const interactiveSchema = z.object({
  body: z.object({ text: z.string() }),
  footer: z.object({ text: z.string() }).optional(),
  action: z.union([
    z.object({ buttons: z.array(z.object({ reply: choiceSchema })) }),
    z.object({
      button: z.string(),
      sections: z.array(
        z.object({
          title: z.string().optional(),
          rows: z.array(choiceSchema.extend({ description: z.string().optional() })),
        }),
      ),
    }),
  ]),
})
const metaSchema = z.object({
  text: z.object({ body: z.string() }).optional(),
  interactive: interactiveSchema.optional(),
})

/** Spoki passes choices on to WhatsApp: what Meta would refuse becomes a numbered text here as there. */
function choices(delivery: Delivery): Content {
  const { text: words, interactive } = metaSchema.parse(renderMeta(delivery, undefined))
  if (!interactive) return text(words?.body ?? '')
  const { body, footer, action } = interactive
  if ('buttons' in action) {
    const buttons = action.buttons.map(({ reply }, order) => ({
      button_type: 'quick_reply',
      text: reply.title,
      order,
      payload: reply.id,
    }))
    const content = {
      type: 'Message',
      content_type: 'Interactive',
      text: body.text,
      ...(footer ? { footer } : {}),
      buttons,
    }
    return { content }
  }
  const sections = action.sections.map(({ title, rows }) => ({
    ...(title === undefined ? {} : { title }),
    rows: rows.map(({ id, title: name, description }) => ({
      title: name,
      ...(description === undefined ? {} : { description }),
      payload: id,
    })),
  }))
  const list = { title: action.button, sections }
  return { content: { type: 'Message', content_type: 'List', text: body.text, ...(footer ? { footer } : {}), list } }
}

type Template = Extract<OutboundMessage, { type: 'template' }>

/** Spoki knows templates by number and their parameters by name. */
function template({ name, language, parameters }: Template, templates: ReadonlyMap<string, SpokiTemplate>): Content {
  const known = templates.get(name)
  const id = known?.id ?? (/^\d{1,15}$/.test(name) ? Number(name) : undefined)
  if (id === undefined) return { impossible: 'the template has no number: add it to `templates`' }
  const fields = known?.fields ?? []
  if (fields.length !== parameters.length) {
    return { impossible: `the template has ${fields.length} custom fields and ${parameters.length} parameters` }
  }
  const customFields = Object.fromEntries(fields.map((field, index) => [field, parameters[index]]))
  return {
    content: {
      ...{ type: 'Template', template: id, language },
      ...(fields.length > 0 ? { custom_fields: customFields } : {}),
    },
  }
}
