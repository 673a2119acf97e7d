import { expect, test } from 'vitest'
import { sqliteOrderStore } from './order-store.ts'
import { shopAgents } from './shop.ts'
import { ShopConversation } from './transcript.ts'

/** Written for this test and in none of the examples. */
const strangers = [
  'what is the square root of 81',
  'how far is the moon',
  'find me a cheap flight to rome',
  'the shower in my bathroom has no hot water',
  'i would like late checkout please',
  'my debit card got stuck in the machine',
  'why is my top up not showing',
  'increase my credit limit',
  'did i get my salary this month',
  'how do you say thank you in korean',
  'who wrote romeo and juliet',
  'is it safe to eat raw eggs',
  'schedule a meeting with bob at three',
  'turn the volume up',
  'what is the plot of that movie',
  'my tooth aches',
  'can dogs eat grapes',
  'how many cups are in a liter',
  'lets go to the beach',
  'sorry i was sleeping',
  'ok mom i am coming home',
  'did you watch the game',
  'cual es la capital de peru',
  'a que hora sale el tren',
  'quem descobriu o brasil',
  'mausam ka haal batao',
  'मेरा बैंक बैलेंस कितना है',
  'ما هي عاصمة مصر',
]

test('strangers are not recognised', async () => {
  const chat = new ShopConversation()
  const recognised: string[] = []
  for (const text of strangers) {
    chat.state = undefined
    const { trace } = await chat.say(text)
    if (trace.classification.intent !== undefined) recognised.push(`${text}: ${trace.classification.intent}`)
  }
  expect(recognised.length, recognised.join('\n')).toBeLessThanOrEqual(3)
})

test('no example is in two intents', () => {
  const agents = shopAgents({ store: sqliteOrderStore({ path: ':memory:' }) })
  const examples = agents.flatMap(({ intents }) => Object.values(intents).flatMap((intent) => intent.examples ?? []))
  expect(examples.length).toBeGreaterThan(300)
  expect(examples.filter((example, at) => examples.indexOf(example) !== at)).toEqual([])
})

test('no keyword is claimed by two intents', () => {
  const agents = shopAgents({ store: sqliteOrderStore({ path: ':memory:' }) })
  const rules = agents.flatMap(({ intents }) => Object.values(intents).flatMap((intent) => intent.rules ?? []))
  const keywords = rules.filter((rule) => typeof rule === 'string')
  expect(keywords.length).toBeGreaterThan(100)
  expect(keywords.filter((keyword, at) => keywords.indexOf(keyword) !== at)).toEqual([])
})
