import { type Agent, defineAgent } from '@wa-agent/core'
import { showMenu } from './menu-list.ts'
import type { ShopDetails } from './shop-details.ts'
import { smallTalkIntents } from './small-talk-intents.ts'

/** Greets, thanks, says goodbye and who it is. */
export function smallTalkAgent({ shop }: { readonly shop: ShopDetails }): Agent {
  return defineAgent({
    name: 'small-talk',
    description: 'Greetings, thanks, goodbyes, and who the assistant is.',
    intents: smallTalkIntents,
    respond({ intent, reply, contact }) {
      switch (intent?.name) {
        case 'thanks':
          return reply.text('You are welcome! 😊')
        case 'goodbye':
          return reply.text('Goodbye, and thanks for writing to us! 👋')
        case 'how_are_you':
          return reply.text('Very well, thank you! What can I do for you?')
        case 'who_are_you':
          return reply.text(
            `I am the assistant of ${shop.name}, a computer program. I take orders and answer questions; for a person write *human*.`,
          )
        case 'acknowledge':
          return reply.text('👍')
        case 'greeting':
        case undefined: {
          const name = contact.name?.trim().split(/\s+/)[0] ?? ''
          // A name is what somebody typed into a phone: only a plain one is said back.
          const hello = /^\p{L}[\p{L}\p{M}'-]{1,19}$/u.test(name) ? `Hi ${name}!` : 'Hi!'
          return showMenu(reply, `${hello} Welcome to ${shop.name} 📦 What can I do for you?`)
        }
      }
    },
  })
}
