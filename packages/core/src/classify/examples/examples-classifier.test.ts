import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backgroundSentences } from './background-sentences.ts'
import { type LabelledText, trainExamples } from './examples-classifier.ts'

function bot(intents: Record<string, readonly string[]>): LabelledText[] {
  return Object.entries(intents).flatMap(([intent, texts]) => texts.map((text) => ({ text, intent })))
}

const shop = bot({
  hours: ['what time do you open', 'are you open on sunday', 'when do you close today', 'opening hours please'],
  order: ['where is my order', 'track my package', 'my parcel has not arrived', 'when will my delivery come'],
  refund: ['i want my money back', 'how do i get a refund', 'please refund my order', 'return this and refund me'],
  price: ['how much is the red dress', 'what does it cost', 'price of the shoes', 'how much are the sneakers'],
  human: ['let me talk to a person', 'i want to speak to an agent', 'human please', 'connect me with an agent'],
})

interface SliceLine {
  readonly text: string
  readonly intent?: string
  readonly part: 'train' | 'test' | 'out-of-scope'
}

function readSlice(): readonly SliceLine[] {
  const file = new URL('./fixtures/clinc-slice.jsonl', import.meta.url)
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line) as SliceLine)
}

describe('on twelve intents of CLINC150', () => {
  const slice = readSlice()
  const labelled = (part: string) =>
    slice.flatMap((line) => (line.part === part && line.intent ? [line as LabelledText] : []))
  const strangers = slice.filter((line) => line.part === 'out-of-scope').map((line) => line.text)
  const shareRight = (classifier: ReturnType<typeof trainExamples>) => {
    const test = labelled('test')
    return test.filter(({ text, intent }) => classifier.classify(text).intent === intent).length / test.length
  }
  const shareNone = (classifier: ReturnType<typeof trainExamples>, texts: readonly string[]) =>
    texts.filter((text) => classifier.classify(text).intent === undefined).length / texts.length

  it('most unseen sentences get their intent and most strangers none', () => {
    const classifier = trainExamples(labelled('train'))

    expect(shareRight(classifier)).toBeGreaterThan(0.85)
    expect(shareNone(classifier, strangers)).toBeGreaterThan(0.85)
  })

  it('known strangers help to recognise others', () => {
    const classifier = trainExamples(labelled('train'), { outOfScope: strangers.slice(0, 30) })

    expect(shareRight(classifier)).toBeGreaterThan(0.87)
    expect(shareNone(classifier, strangers.slice(30))).toBeGreaterThan(0.9)
  })

  it('confidence is near the share of right answers', () => {
    const classifier = trainExamples(labelled('train'))
    const predictions = labelled('test').map(({ text, intent }) => {
      const { confidence, ranking } = classifier.classify(text)
      return { confidence, right: ranking[0]?.intent === intent }
    })
    const meanConfidence = predictions.reduce((sum, { confidence }) => sum + confidence, 0) / predictions.length
    const accuracy = predictions.filter(({ right }) => right).length / predictions.length

    expect(Math.abs(meanConfidence - accuracy)).toBeLessThan(0.1)
  })

  it('validation texts choose how much is none', () => {
    const validation = { examples: labelled('test'), outOfScope: strangers }
    const careful = trainExamples(labelled('train'), { validation, maximumLoss: 0 })
    const strict = trainExamples(labelled('train'), { validation, maximumLoss: 0.2, noneValue: 10 })

    expect(shareNone(strict, strangers)).toBeGreaterThan(shareNone(careful, strangers))
    expect(shareRight(careful)).toBeGreaterThan(shareRight(strict))
  })

  it('the same texts and seed give the same answers', () => {
    const first = trainExamples(labelled('train'), { seed: 7 })
    const second = trainExamples(labelled('train'), { seed: 7 })

    expect(second.threshold).toBe(first.threshold)
    for (const text of strangers) expect(second.classify(text)).toEqual(first.classify(text))
  })
})

describe('a small shop bot', () => {
  const classifier = trainExamples(shop)

  it.each([
    ['when do you open on saturday?', 'hours'],
    ['where is my package', 'order'],
    ['can i get a refund pls', 'refund'],
    ['How much is the blue dress?', 'price'],
    ['I want to talk to an agent!!', 'human'],
  ])('answers %j with %s', (text, intent) => {
    expect(classifier.classify(text).intent).toBe(intent)
  })

  it.each(['asdf qwer', 'tell me a joke about politics', 'who won the world cup', 'lorem ipsum dolor'])(
    'answers %j with none',
    (text) => {
      expect(classifier.classify(text).intent).toBeUndefined()
    },
  )

  it('a text of which nothing is known is none, without a ranking', () => {
    for (const text of ['', '   ', '!?', 'ЖЖЖ', '漢字', '🦄']) {
      expect(classifier.classify(text)).toEqual({ intent: undefined, confidence: 0, ranking: [] })
    }
  })

  it('ranks the most probable intents first', () => {
    const { ranking, confidence } = classifier.classify('refund my order')

    expect(ranking).toHaveLength(3)
    expect(ranking[0]?.confidence).toBe(confidence)
    expect(ranking.map((entry) => entry.confidence)).toEqual(
      ranking.map((entry) => entry.confidence).sort((first, second) => second - first),
    )
  })

  it('a prediction stays what it was when the next text is classified', () => {
    const first = classifier.classify('where is my order')
    const copy = structuredClone(first)
    classifier.classify('human please')

    expect(first).toEqual(copy)
  })

  it('reads only the beginning of a huge text', () => {
    const beginning = 'where is my order '.repeat(60)

    expect(classifier.classify(`${beginning}${'refund '.repeat(150_000)}`)).toEqual(classifier.classify(beginning))
  })
})

describe('the background', () => {
  const strangers = [
    ...['how deep is the ocean', 'my brother broke his leg', 'what rhymes with orange', 'is pluto still a planet'],
    ...['show me pictures of kittens', 'i am learning to swim', 'who directed that film', 'how do airplanes fly'],
    ...['qué significa esta palabra', 'warum ist der mond so hell', 'siapa penulis buku itu', 'gfdsa hjkl', 'pencil'],
  ]
  const accepted = (classifier: ReturnType<typeof trainExamples>) =>
    strangers.filter((text) => classifier.classify(text).intent !== undefined)

  it('lets a bot of few examples recognise strangers', () => {
    expect(accepted(trainExamples(shop)).length).toBeLessThan(2)
  })

  it('can be switched off', () => {
    const without = trainExamples(shop, { background: false })

    expect(without.classify('какая погода')).toEqual({ intent: undefined, confidence: 0, ranking: [] })
    expect(trainExamples(shop).classify('какая погода').ranking).not.toEqual([])
  })

  it('does not take away what the bot is for', () => {
    const assistant = trainExamples(
      bot({
        weather: ['what is the weather like today', 'will it rain tomorrow', 'is it raining', 'how is the weather'],
        joke: ['tell me a joke', 'do you know a funny joke', 'tell me something funny', 'a joke please'],
        music: ['play some music', 'play my favourite song', 'put on a song', 'i want to hear music'],
      }),
    )

    expect(assistant.classify('what will the weather be tomorrow').intent).toBe('weather')
    expect(assistant.classify('is it raining outside').intent).toBe('weather')
    expect(assistant.classify('tell me a funny joke').intent).toBe('joke')
    expect(assistant.classify('play a song').intent).toBe('music')
  })

  it('holds each sentence once and nothing that a usual bot answers', () => {
    expect(backgroundSentences.length).toBeGreaterThan(150)
    expect(new Set(backgroundSentences).size).toBe(backgroundSentences.length)
    const business =
      /\b(hello|hi there|thank|order|price|cost|deliver|refund|book a|reserv|cancel|complain|open|close)/i
    expect(backgroundSentences.filter((text) => business.test(text))).toEqual([])
  })
})

describe('in other languages', () => {
  it.each([
    [
      '中文',
      {
        order: ['我的订单在哪里', '我的包裹还没到', '查询订单'],
        refund: ['我要退款', '怎么退货', '申请退款'],
        price: ['多少钱', '鞋子多少钱', '价格'],
      },
      '请问我的包裹在哪里',
      'order',
    ],
    [
      'ไทย',
      {
        hours: ['ร้านเปิดกี่โมง', 'ปิดกี่โมง', 'วันนี้เปิดไหม'],
        refund: ['ขอคืนเงิน', 'อยากคืนสินค้า', 'ขอเงินคืน'],
        price: ['ราคาเท่าไหร่', 'ตัวนี้กี่บาท', 'ขอราคาหน่อย'],
      },
      'พรุ่งนี้ร้านเปิดกี่โมง',
      'hours',
    ],
    [
      'हिन्दी',
      {
        order: ['मेरा ऑर्डर कहाँ है', 'मेरा पार्सल नहीं आया'],
        refund: ['मुझे पैसे वापस चाहिए', 'रिफंड चाहिए'],
        price: ['कीमत क्या है', 'दाम बताओ'],
      },
      'इसकी कीमत क्या है',
      'price',
    ],
    [
      'العربية',
      {
        order: ['أين طلبي', 'تتبع الطلب'],
        refund: ['أريد استرداد المال', 'أريد إرجاع المنتج'],
        hours: ['متى تفتحون', 'متى تغلقون'],
      },
      'اين طلبي',
      'order',
    ],
    [
      'español',
      {
        hours: ['¿a qué hora abren?', 'horario'],
        price: ['¿cuánto cuesta?', 'precio'],
        order: ['¿dónde está mi pedido?', 'mi paquete'],
      },
      'DONDE ESTA MI PEDIDO',
      'order',
    ],
    ['emoji', { praise: ['👍', '❤️', '👍🏽 top'], anger: ['😡', '🤬', 'so 😡'] }, '👍🏿👍🏿', 'praise'],
  ])('%s is understood', (...[_language, intents, text, expected]) => {
    expect(trainExamples(bot(intents as Record<string, string[]>)).classify(text).ranking[0]?.intent).toBe(expected)
  })
})

describe('with next to nothing to learn from', () => {
  it('no examples: everything is none', () => {
    expect(trainExamples([]).classify('hello').intent).toBeUndefined()
    expect(trainExamples([], { outOfScope: ['hello'] }).intents).toEqual([])
  })

  it('one intent: its examples are recognised, unknown words are not', () => {
    const classifier = trainExamples(bot({ hours: ['what time do you open', 'opening hours', 'are you open now'] }))

    expect(classifier.classify('what time do you open').intent).toBe('hours')
    expect(classifier.classify('zzz xxx').intent).toBeUndefined()
  })

  it.each([1, 2, 3])('%i examples an intent: the examples themselves rank first', (count) => {
    const few = shop.filter((_, at) => at % 4 < count)
    const classifier = trainExamples(few)

    for (const { text, intent } of few) expect(classifier.classify(text).ranking[0]?.intent).toBe(intent)
  })

  it('examples without any letters train nothing and break nothing', () => {
    const classifier = trainExamples(bot({ a: ['', '???'], b: ['...', ' '] }))

    expect(classifier.classify('?').intent).toBeUndefined()
  })
})

describe('hostile input', () => {
  it('names of object members are usual intents and words', () => {
    const examples = [
      { text: 'constructor toString', intent: '__proto__' },
      { text: 'hasOwnProperty valueOf', intent: 'constructor' },
      { text: '__proto__ prototype', intent: 'toString' },
    ]
    const classifier = trainExamples(examples)

    expect(classifier.intents).toEqual(['__proto__', 'constructor', 'toString'])
    for (const { text, intent } of examples) expect(classifier.classify(text).ranking[0]?.intent).toBe(intent)
  })

  it('any text gets probabilities', () => {
    const classifier = trainExamples(shop)
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const { confidence, ranking } = classifier.classify(text)
        expect(confidence).toBeGreaterThanOrEqual(0)
        expect(confidence).toBeLessThanOrEqual(1)
        expect(ranking.reduce((sum, entry) => sum + entry.confidence, 0)).toBeLessThanOrEqual(1 + 1e-9)
      }),
    )
  })

  it('any examples train a classifier', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('\ud800', '\u200d', 'a\udfff', 'ﷺ'),
    )
    const example = fc.record({ text, intent: fc.constantFrom('a', 'b', '__proto__', '') })
    fc.assert(
      fc.property(fc.array(example, { maxLength: 12 }), fc.array(text, { maxLength: 4 }), (examples, outOfScope) => {
        const classifier = trainExamples(examples, { outOfScope })
        expect(Number.isFinite(classifier.threshold)).toBe(true)
        expect(Number.isFinite(classifier.classify('a b c').confidence)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('an option out of range is refused by name', () => {
    expect(() => trainExamples(shop, { maximumLoss: 2 })).toThrow(
      'Expected `maximumLoss` of the examples classifier to be a number from 0 to 1, got 2.',
    )
    expect(() => trainExamples(shop, { cost: Number.NaN })).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    )
  })
})
