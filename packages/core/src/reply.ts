import { type OutboundMedia, type OutboundMessage, type OutboundMessageInput, parseOutboundMessage } from './message.ts'

type Of<Type extends OutboundMessageInput['type']> = Omit<Extract<OutboundMessageInput, { type: Type }>, 'type'>
interface Quoted {
  /** Quotes this message, where the transport can. */
  readonly replyTo?: { readonly id: string }
}

/**
 * What an agent says. Each call adds one message; nothing is returned and nothing is sent before the turn is committed, so
 * there is nothing to await or to forget. Throws `invalid_output` for a message that cannot be sent.
 */
export interface Reply {
  text(text: string, options?: Quoted): void
  image(media: OutboundMedia, options?: Omit<Of<'image'>, 'media'>): void
  video(media: OutboundMedia, options?: Omit<Of<'video'>, 'media'>): void
  audio(media: OutboundMedia, options?: Omit<Of<'audio'>, 'media'>): void
  document(media: OutboundMedia, options?: Omit<Of<'document'>, 'media'>): void
  /** Buttons, or a numbered text where the transport has none. */
  buttons(text: string, buttons: Of<'buttons'>['buttons'], options?: Omit<Of<'buttons'>, 'text' | 'buttons'>): void
  list(list: Of<'list'>): void
  template(template: Of<'template'>): void
  reaction(emoji: string, to: string): void
  /** Any message of the vocabulary. */
  send(message: OutboundMessageInput): void
}

/** A `Reply` and what it has collected. After `seal` nothing is added: a late answer of a timed-out agent is dropped. */
export interface ReplyCollector {
  readonly reply: Reply
  readonly messages: readonly OutboundMessage[]
  seal(): void
}

/** Collects what an agent says; `onLate` is told when something is said after the end. */
export function collectReplies(onLate?: () => void): ReplyCollector {
  const messages: OutboundMessage[] = []
  let sealed = false
  const send = (message: OutboundMessageInput) => {
    if (sealed) onLate?.()
    else messages.push(parseOutboundMessage(message))
  }
  const reply: Reply = {
    text: (text, options) => send({ ...options, type: 'text', text }),
    image: (media, options) => send({ ...options, type: 'image', media }),
    video: (media, options) => send({ ...options, type: 'video', media }),
    audio: (media, options) => send({ ...options, type: 'audio', media }),
    document: (media, options) => send({ ...options, type: 'document', media }),
    buttons: (text, buttons, options) => send({ ...options, type: 'buttons', text, buttons }),
    list: (list) => send({ ...list, type: 'list' }),
    template: (template) => send({ ...template, type: 'template' }),
    reaction: (emoji, to) => send({ type: 'reaction', emoji, to }),
    send,
  }
  return {
    reply,
    messages,
    seal: () => {
      sealed = true
    },
  }
}
