import { type Agent, defineAgent } from '@wa-agent/core'
import { showMenu } from './menu-list.ts'
import { offTopic, offTopicIntent } from './off-topic.ts'

/** Shows what the assistant can do. */
export function menuAgent(): Agent {
  return defineAgent({
    name: 'menu',
    description: 'Shows what the assistant can do.',
    intents: {
      menu: {
        description: 'The customer asks for the menu, for help, or what the assistant can do.',
        rules: menuWords,
        examples: [
          'what can you do',
          'what can i do here',
          'how does this work',
          'show me the menu',
          'show options please',
          'i need help',
          'can you help me',
          'help me please',
          'how can you help',
          'que puedes hacer',
          'necesito ayuda',
          'preciso de ajuda',
          'o que voce faz',
          'aap kya kar sakte ho',
          'meri madad karo',
          'ساعدني من فضلك',
        ],
      },
      [offTopicIntent]: { description: 'Something that has nothing to do with a shop.', examples: offTopic },
    },
    respond: ({ reply }) => showMenu(reply, 'This is what I can do:'),
  })
}

const menuWords = [
  'menu:menu',
  'menu',
  'main menu',
  'help',
  'options',
  'info',
  'ayuda',
  'ajuda',
  'opciones',
  'opcoes',
  'madad',
  'मदद',
  'मेनू',
  'مساعدة',
  'القائمة',
]
