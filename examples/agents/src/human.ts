import { type Agent, defineAgent } from '@wa-agent/core'
import { showMenu } from './menu-list.ts'

/** How long the bot leaves a conversation to people. */
export interface HumanOptions {
  /** After that the bot answers again if nobody has given the conversation back. Default 12 hours. */
  readonly handoffForMs?: number | undefined
}

const humanWords = [
  'menu:human',
  'human',
  'agent',
  'operator',
  'person',
  'humano',
  'agente',
  'asesor',
  'atendente',
  'mensch',
  'mitarbeiter',
  'conseiller',
  'insaan',
  'इंसान',
  'موظف',
]

/** A handoff silences the bot: below this confidence the customer is asked first. */
const sureAt = 0.7
const defaultHandoffForMs = 12 * 60 * 60_000

/** Hands the conversation to a person on request. */
export function humanAgent({ handoffForMs = defaultHandoffForMs }: HumanOptions = {}): Agent {
  return defineAgent({
    name: 'human',
    description: 'Hands the conversation to a person.',
    intents: {
      human: {
        description: 'The customer wants to talk to a person, complains, or is angry with the bot.',
        rules: humanWords,
        examples: [
          'i want to talk to a human',
          'can i speak to a real person',
          'talk to an agent',
          'connect me to someone',
          'let me speak with your manager',
          'is there a person i can talk to',
          'customer service please',
          'get me an operator please',
          'call me please',
          'can someone call me',
          'i dont want to talk to a bot',
          'this bot is useless',
          'i want to make a complaint',
          'quiero hablar con una persona',
          'me pasas con un asesor',
          'quero falar com um atendente',
          'falar com uma pessoa',
          'kisi insaan se baat karni hai',
          'mujhe manager se baat karao',
          'किसी से बात करनी है',
          'اريد التحدث مع موظف',
        ],
      },
      bot_again: {
        description: 'The customer wants the assistant back.',
        rules: ['bot', 'back to bot', 'assistant', 'robot', 'menu:bot'],
        endsHandoff: true,
      },
    },
    respond({ intent, reply, handoff }) {
      if (intent?.name === 'bot_again') return showMenu(reply, 'I am here again. What can I do for you?')
      if (intent && intent.confidence < sureAt) {
        return reply.buttons('Would you like to talk to a person?', [
          { id: 'menu:human', title: 'Yes, a person please' },
          { id: 'menu:menu', title: 'No, show the menu' },
        ])
      }
      handoff('the customer asks for a person', { forMs: handoffForMs })
      reply.text('Of course. A colleague will answer you here as soon as possible. If you want me back, write *bot*.')
    },
  })
}
