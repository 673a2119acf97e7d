import { expect, test } from 'vitest'
import { trainExamples } from './examples-classifier.ts'

test('an example has its own intent, however few there are and whatever stands around it', () => {
  const texts = ['do you have boxes', 'is the tape in stock', 'how many rolls are left']
  const classifier = trainExamples(texts.map((text) => ({ text, intent: 'availability' })))
  for (const text of [...texts, 'Do you have boxes?', '  IS THE TAPE IN STOCK!! ']) {
    expect(classifier.classify(text)).toMatchObject({ intent: 'availability' })
  }
})

test('an example of two intents is left to the classifier', () => {
  const examples = ['yes please', 'send it', 'one more'].flatMap((text) => [
    { text, intent: 'order' },
    { text, intent: 'confirm' },
  ])
  const { intent, confidence } = trainExamples(examples).classify('yes please')
  expect(intent === undefined || confidence < 0.99).toBe(true)
})
