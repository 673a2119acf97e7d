import { expect, test } from 'vitest'
import { ShopConversation, type Step } from './transcript.ts'

const placed: readonly Step[] = [['10 large boxes'], ['12 Hill Road, Leeds', 'Shall I place'], ['yes', 'PK1001']]
const unclear: readonly Step[] = [
  ['hmm', 'did not get that'],
  ['dunno', '*yes*', '*no*', '*change*', '*cancel*', '*human*'],
  ['whatever', 'I keep what you have chosen', 'nothing is ordered yet', '*yes*', /^(?!.*Shall I place)/s],
]

const transcripts: Readonly<Record<string, readonly Step[]>> = {
  'a question with three unclear answers is left open, and the order kept': [
    ...placed.slice(0, 2),
    ...unclear,
    ['asdf', 'This is what I can do', /^(?!.*Shall I place)/s],
    ['cart', '10 × large box', 'Shall I place'],
    ['yes', 'PK1001'],
  ],
  'a yes is still an answer': [...placed.slice(0, 2), ...unclear, ['yes', 'PK1001']],
  'a no is still an answer': [...placed.slice(0, 2), ...unclear, ['no', 'What shall I change?'], ['20', '20 × large']],
  'so are goods and an address': [
    ['10 boxes'],
    ['hmm'],
    ['dunno'],
    ['whatever', '*cart* to go on with it'],
    ['large', '10 × large box', 'Where shall we deliver it?'],
    ['hmm'],
    ['dunno'],
    ['whatever', '*cart* to go on with it'],
    ['12 Hill Road, Leeds', 'Shall I place'],
  ],
  'so is a cancel': [...placed.slice(0, 2), ...unclear, ['cancel', 'Nothing was ordered'], ['cart', 'is empty']],
  'what is placed stays placed': [
    ...placed,
    ['cancel my order', 'Shall I cancel order PK1001'],
    ['hmm'],
    ['dunno', '*yes*', '*no*', '*human*'],
    ['whatever', 'PK1001 stays as it is', '*human*'],
    ['hello', 'Welcome'],
  ],
  'an answer between begins the count anew': [
    ['10 boxes'],
    ['hmm'],
    ['dunno'],
    ['large', 'Where shall'],
    ['leeds', 'a bit short'],
    ['leeds', 'a bit short', '*cancel*'],
    ['leeds', 'I keep what you have chosen'],
  ],
}

test.each(Object.entries(transcripts))('%s', async (_title, steps) => {
  expect(await new ShopConversation().play(steps)).toBeUndefined()
})
