import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OutboundMessage } from '../message.ts'
import { lastCheck } from './last-check.ts'

const check = (text: string) => lastCheck({ type: 'text', text })

/** What leaves of a text: the text, `''` where it is empty, the reason where it is unsafe. */
function outcome(text: string): string {
  const result = check(text)
  if (result.verdict === 'empty') return ''
  if (result.verdict === 'unsafe') return `unsafe: ${result.reason}`
  return result.message.type === 'text' ? result.message.text : result.message.type
}

describe('a stack trace never leaves', () => {
  const traces = {
    node: "TypeError: Cannot read properties of undefined (reading 'x')\n    at Object.<anonymous> (/app/index.js:10:5)",
    'node frames alone': '    at async answer (file:///srv/app/dist/agent.mjs:31:12)',
    'node internals': 'Oops\n    at node:internal/process/task_queues:95:5',
    'node events': 'Oops\n    at Socket.emit (node:events:518:28)',
    'a bare file': 'Oops\n    at /srv/app/x.js:1:2\n',
    windows: 'Oops\n    at Object.run (C:\\Users\\shop\\bot.js:12:7)',
    eval: 'Oops\n  at eval (eval at run (/app/a.js:1:1), <anonymous>:3:9)',
    bundler: 'Oops\n    at f (webpack-internal:///(rsc)/./app/page.tsx:10:5)',
    firefox: 'answer@http://localhost:3000/app.js:12:5\nrun@http://localhost:3000/app.js:40:1',
    python: 'Traceback (most recent call last):\n  File "/app/bot.py", line 10, in <module>\nKeyError: \'name\'',
    'python without its head': '  File "/app/bot.py", line 10, in answer\n    return prices[name]',
    java: 'Exception in thread "main" java.lang.NullPointerException\n\tat com.shop.Bot.answer(Bot.java:42)',
    'java frames alone':
      'Sorry!\n\tat com.shop.Bot.answer(Bot.java:42)\n\tat java.base/java.lang.Thread.run(Thread.java:833)',
    'java native': 'x\n\tat jdk.internal.misc.Unsafe.park(Native Method)',
    'java causes': 'Failed\nCaused by: org.postgresql.util.PSQLException: connection refused',
    kotlin: 'x\n    at shop.BotKt.main(Bot.kt:7)',
    dotnet: '   at Shop.Bot.Answer(String text) in C:\\src\\Bot.cs:line 42',
    'dotnet without files': 'x\n   at System.Number.ThrowOverflowException(TypeCode type)',
    go: 'panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.main()\n\t/tmp/x.go:8 +0x1d',
    'go frames alone': 'main.main()\n\t/srv/shop/main.go:18 +0x1d',
    rust: "thread 'main' panicked at src/main.rs:5:10:\ncalled `Option::unwrap()` on a `None` value",
    php: 'PHP Fatal error:  Uncaught Exception: no stock in /var/www/shop.php:10\nStack trace:\n#0 {main}',
    'php frames': '#0 /var/www/shop.php(12): answer()\n#1 {main}',
    'php on a page': '<b>Warning</b>:  Undefined variable $x in <b>/var/www/a.php</b> on line <b>3</b>',
    ruby: "bot.rb:10:in `answer': undefined method `price' for nil:NilClass (NoMethodError)",
    dart: '#0      main (file:///srv/bot.dart:3:5)',
    elixir: '** (RuntimeError) oops\n    lib/bot.ex:1: Bot.answer/1',
  }
  test.each(Object.entries(traces))('%s', (_, text) => {
    expect(check(text).verdict).toBe('unsafe')
    expect(check(`Sorry, that went wrong:\n${text}`).verdict).toBe('unsafe')
  })
})

describe('an error text never leaves', () => {
  test.each([
    'Error: getaddrinfo failed',
    'error: relation "orders" does not exist',
    'ERROR:  duplicate key value violates unique constraint "orders_pkey"',
    'Uncaught (in promise) Error: boom',
    'TypeError: fetch failed',
    'I could not do that. APIConnectionError: Connection error.',
    'Error [ERR_MODULE_NOT_FOUND]: Cannot find package',
    "KeyError: 'size'",
    "ValueError('bad size')",
    'java.lang.IllegalStateException',
    'Your order: [object Object]',
    '[object Promise]',
    'undefined',
    'null',
    'NaN',
    'Hello undefined, your order is on its way.',
    'Hi null!',
    'You ordered undefined boxes for ₹NaN.',
    'Price: undefined',
    'Your order arrives on Invalid Date.',
    "Cannot read properties of undefined (reading 'name')",
    "Cannot read property 'name' of null",
    'order.items is not iterable',
    'Unexpected token < in JSON at position 0',
    'Unexpected end of JSON input',
    'Request failed with status code 500',
    'fetch failed',
    'connect ECONNREFUSED 127.0.0.1:5432',
    "ENOENT: no such file or directory, open 'prices.json'",
    "'NoneType' object has no attribute 'price'",
    'SQLITE_CONSTRAINT: UNIQUE constraint failed: orders.id',
    'SQLSTATE[42S02]: Base table or view not found',
    "You have an error in your SQL syntax near 'x'",
    'near "FROM": syntax error',
    "Table 'shop.orders' doesn't exist",
    "Duplicate entry '12' for key 'PRIMARY'",
    'no such table: orders',
    'ORA-00942: table or view does not exist',
    'ER_DUP_ENTRY',
    'SELECT * FROM orders WHERE id = 12',
    'Incorrect API key provided: ab****yz.',
    "This model's maximum context length is 8192 tokens.",
    'Agent stopped due to max iterations.',
  ])('%s', (text) => {
    expect(outcome(text)).toMatch(/^unsafe: /)
  })
})

describe('an error page never leaves', () => {
  test.each([
    '<!DOCTYPE html>\n<html lang="en"><head><title>502</title></head></html>',
    '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502</h1></center>',
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>',
    '502 Bad Gateway',
    '503 Service Temporarily Unavailable',
    '504 Gateway Time-out',
    'Internal Server Error',
  ])('%s', (text) => {
    expect(outcome(text)).toMatch(/^unsafe: /)
  })
})

describe('tool output never leaves', () => {
  test.each([
    '{"status":"ok","items":[]}',
    '[{"id":1}]',
    '[]',
    '{}',
    '```json\n["a", "b"]\n```',
    'The tool says {"status": "ok"}.',
    'Result: {\n  "price": 20\n}',
    "{'status': 'ok', 'price': None}",
    "{ status: 'ok', items: [ [Object] ] }",
    '<__main__.Order object at 0x7f1c2a>',
    '<tool_call>\n{"name": "price"}\n</tool_call>',
    '<tool_call>price\n<arg_key>size</arg_key>',
    '<function_calls>\n<invoke name="price">\n<parameter name="size">large</parameter>',
    '<function_results>20</function_results>',
    '<function=price>size</function>',
    '<minimax:tool_call>price</minimax:tool_call>',
    '<|python_tag|>price.call(size="large")',
    '[TOOL_CALLS]price[ARGS]large',
    '[TOOL_RESULTS] 20 [/TOOL_RESULTS]',
    '[get_price(size="large")]',
    'get_price(size="large")',
    '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>price',
    '<|tool_calls_section_begin|><|tool_call_begin|>functions.price:0',
    '✿FUNCTION✿: price\n✿ARGS✿: large',
    '```tool_code\nprint(default_api.price(size="large"))\n```',
    'commentary to=functions.price json',
    'Invoking: `price` with `large`',
  ])('%s', (text) => {
    expect(outcome(text)).toMatch(/^(unsafe: .*)?$/)
  })
})

describe('a secret never leaves', () => {
  const tail = 'aB3dE5gH7jK9mN1pQ3sT5vX7zA9cD1'
  test.each([
    `sk-proj-${tail}`,
    `sk-ant-api03-${tail}`,
    `sk-${tail}${tail}`,
    `${'sk'}_live_${tail}`,
    `Authorization: Bearer ${tail}`,
    '-----BEGIN RSA PRIVATE KEY-----',
    `AKIA${'ABCDEFGH12345678'}`,
    `ghp_${tail}${tail}`,
    `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${tail}`,
    'postgres://shop:hunter2@db:5432/shop',
  ])('%s', (text) => {
    expect(outcome(`Here: ${text}`)).toBe('unsafe: secret')
  })
})

describe('the reasoning of a model is cut out', () => {
  test.each([
    ['<think>They want boxes.</think>We have boxes.', 'We have boxes.'],
    ['<think>\nThey want boxes.\n</think>\n\nWe have boxes.', 'We have boxes.'],
    ['They want boxes.\n</think>\n\nWe have boxes.', 'We have boxes.'],
    ['<think>They want', ''],
    ['<think></think>', ''],
    ['<Thinking>x</Thinking> Hi', 'Hi'],
    ['<antThinking>x</antThinking>Hi', 'Hi'],
    ['<thinking mode="deep">x</thinking>Hi', 'Hi'],
    ['<think>a<think>b</think>c</think>Hi', 'Hi'],
    ['<think>shall I write <think>?</think>Hi', 'Hi'],
    ['<reasoning>x</reasoning>Hi<scratchpad>y</scratchpad>', 'Hi'],
    ['a</think>b</think>Hi', 'Hi'],
    ['◁think▷x◁/think▷Hi', 'Hi'],
    ['[THINK]x[/THINK]Hi', 'Hi'],
    ['<|START_THINKING|>x<|END_THINKING|>Hi', 'Hi'],
    ['<unused94>thought\nx<unused95>Hi', 'Hi'],
    ['<seed:think>x</seed:think>Hi', 'Hi'],
    ['<think>x</think><answer>Hi</answer>', 'Hi'],
    ['<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>Hi<|return|>', 'Hi'],
    ['<|channel|>analysis<|message|>x', ''],
    ['<|channel|>commentary to=functions.price <|constrain|>json<|message|>{"size":"l"}<|call|>', ''],
    ['analysisUser wants boxes. We answer.assistantfinalWe have boxes.', 'We have boxes.'],
    ['analysisWe need to check the price', ''],
    [
      'Thought: I need the price\nAction: price\nAction Input: large\nObservation: 20\nFinal Answer: It is 20.',
      'It is 20.',
    ],
    ['Thought: I need the price\nAction: price\nAction Input: large', ''],
    ['<|im_start|>assistant\nHi<|im_end|>', 'Hi'],
    ['<|start_header_id|>assistant<|end_header_id|>\n\nHi<|eot_id|>', 'Hi'],
    ['Hi<|im_end|>\n<|im_start|>user\nWhat about tape?', 'Hi'],
    ['Hi<|endoftext|>', 'Hi'],
    ['Hi</s>', 'Hi'],
    ['Hi<｜end▁of▁sentence｜>', 'Hi'],
    ['<start_of_turn>model\nHi<end_of_turn>', 'Hi'],
    ['Open until 6【4:0†hours.pdf】.', 'Open until 6.'],
  ])('%s', (text, visible) => {
    expect(outcome(text)).toBe(visible)
  })

  test('a tag that appears by cutting another one out makes the text unsafe', () => {
    expect(outcome('<th<think>x</think>ink>secret thoughts')).toBe('unsafe: model reasoning')
  })
})

describe('a text with nothing to read is empty', () => {
  test.each(['', ' \n\t', '\u200b\u200d\ufeff', '\u00ad', '\u3164', '\u2800', '\u202e\u2066', '\u0000', '\ufe0f'])(
    '%j',
    (text) => {
      expect(check(text)).toEqual({ verdict: 'empty' })
    },
  )
})

describe('what a business writes leaves as it is', () => {
  test.each([
    'Error 404 boxes',
    'We found the error in your order: it was the size.',
    'Open daily\nat 10:30',
    'Meet us\nat 12:30:45 (Main St:12)',
    'Come\n  at the corner (Hauptstr. 5:30 pm)\nat 18:00',
    'Call us at shop.example:8080 between 10:30 and 18:00',
    'https://shop.example/order.php?id=3&size=large',
    'mailto:hello@shop.example or https://shop.example:8443/a/b:1',
    '[sale] 20% {today}',
    '[1] Small\n[2] Large',
    '{Today only}: 20 % off',
    'Terms: no returns. Note: boxes only. Warning: hot!',
    'Exception: Sundays. Exceptions: holidays.',
    'Thought of the day: pack well.\nAction: call us',
    'Observation: light rust\nAction: replaced',
    'Order SK-2026-00012345678901234567890, ORA-10023: shipped',
    'SKU sk-large-brown-cardboard-box-40x30, pk-large-brown-cardboard-box',
    'Bearer of this voucher gets 10 % off',
    'Your warranty is null and void. Clause 3: null and void.',
    'Dividing by zero is undefined.',
    'Fresh naan and Nan Khatai today',
    'Price < 100 and > 50, I <3 boxes',
    '*Bold* _italic_ ~gone~ ```code``` > quoted',
    '1. Small - ₹20\n2. Medium - ₹30\n\nReply with a number.',
    '"Great boxes": that is what they say.',
    "Dear Ms. O'Neil, size 'large' it is.",
    'Invalid date, please write it as 31/12/2026.',
    'Service unavailable in your area; we are working on it.',
    'We do not have the function you ask for (yet).',
    'Caused by: heavy rain. Delayed at St. John.',
    'Please SELECT your size FROM our menu',
    'Password reset code: 123456',
    'a@b.example:1:2',
    'تم تأكيد طلبك في 10:30 — شكراً 🎉',
    'आपका ऑर्डर (नं. 12:30) भेज दिया गया है 👨‍👩‍👧',
    '订单已发货。【限时】全场八折！',
    '「在庫あり」5:30まで',
    'final answer is on its way',
    'analysis of your skin: dry',
    'Tape (3 rolls) = 30',
    'cm(width) x cm(height)',
    'Yes 👍',
    '🎉',
  ])('%s', (text) => {
    const message = { type: 'text', text } as const
    const result = lastCheck(message)
    expect(result).toEqual({ verdict: 'pass', message })
  })
})

describe('all words of a message are looked at', () => {
  const media = { url: 'https://shop.example/box.jpg' }
  const unsafe: Record<string, OutboundMessage> = {
    'a caption': { type: 'image', media, caption: 'TypeError: boom' },
    'a file name': { type: 'document', media: { ...media, fileName: '[object Object]' } },
    'the title of a button': { type: 'buttons', text: 'Which?', buttons: [{ id: 'a', title: '[object Object]' }] },
    'a footer': { type: 'buttons', text: 'Which?', footer: 'undefined', buttons: [{ id: 'a', title: 'A' }] },
    'the description of a row': {
      type: 'list',
      text: 'Which?',
      button: 'Sizes',
      sections: [{ title: 'Boxes', rows: [{ id: 'a', title: 'A', description: 'Price: undefined' }] }],
    },
    'the title of a section': {
      type: 'list',
      text: 'Which?',
      button: 'Sizes',
      sections: [{ title: '<think>hm', rows: [{ id: 'a', title: 'A' }] }],
    },
    'a parameter of a template': { type: 'template', name: 'hi', language: 'en', parameters: ['Ana', 'undefined'] },
    'the name of a place': { type: 'location', latitude: 1, longitude: 2, name: '[object Object]' },
    'the name of a contact': { type: 'contacts', contacts: [{ name: 'undefined', phones: [], emails: [] }] },
  }
  test.each(Object.entries(unsafe))('%s', (_, message) => {
    expect(lastCheck(message).verdict).toBe('unsafe')
  })

  test('a caption with nothing to read is left out, and the picture leaves', () => {
    expect(lastCheck({ type: 'image', media, caption: '<think>hm</think>' })).toEqual({
      verdict: 'pass',
      message: { type: 'image', media },
    })
  })

  test('what holds no words leaves as it is', () => {
    const messages: OutboundMessage[] = [
      { type: 'reaction', emoji: '', to: 'm1' },
      { type: 'sticker', media },
      { type: 'audio', media, voice: true },
    ]
    for (const message of messages) expect(lastCheck(message)).toEqual({ verdict: 'pass', message })
  })
})

const pieces = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '<think>',
    '</think>',
    '<th',
    'ink>',
    '<|channel|>',
    'final',
    '<|message|>',
    '<|end|>',
    'analysis',
    'A',
  ),
  fc.constantFrom(
    'Thought:',
    '\n',
    'Final Answer:',
    'assistantfinal',
    '【1†a】',
    '<answer>',
    '</answer>',
    '</s>',
    '<s>',
  ),
)

test('what has passed passes again, unchanged', () => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const first = check(parts.join(''))
      if (first.verdict === 'pass') expect(lastCheck(first.message)).toEqual(first)
    }),
    { numRuns: 3000 },
  )
})

/** The fastest of a few runs: another process may take the processor for a while, but not every time. */
function fastestMs(work: () => void): number {
  let fastest = Number.POSITIVE_INFINITY
  for (let run = 0; run < 4 && fastest > 50; run += 1) {
    const beganMs = performance.now()
    work()
    fastest = Math.min(fastest, performance.now() - beganMs)
  }
  return fastest
}

describe('a hostile text of 100 kB is checked in less than 50 ms', () => {
  const fill = (part: string) => part.repeat(Math.ceil(100_000 / part.length))
  const hostile = [
    ...[
      '\n',
      ' ',
      '\t \n',
      'at ',
      'at /',
      'at .a',
      'at x:1',
      '/',
      ':1:1',
      '(',
      '[',
      '{',
      '{ ',
      '{"',
      "{'a'",
      '<',
      '</',
    ],
    ...[
      '<think',
      '<think>',
      '</think',
      '</think>',
      '<think ',
      '<|',
      '<|channel|>',
      '<|channel|>final',
      '【',
      '【†',
      '†',
    ],
    ...[
      'Error',
      'AError',
      'Exception',
      'a.',
      'a.A',
      'Thought:\n',
      'Action:\n',
      'Final Answer:',
      '```',
      'Bearer ',
      'eyJ',
    ],
    ...[
      'eyJaaaaaaaaaa.',
      'sk-',
      'a://',
      'a://a:',
      'undefined',
      'is undefined',
      'null',
      '.php',
      '#0 ',
      'File "',
      '@http://',
    ],
    ...[
      'a_',
      'a_a(',
      'a'.repeat(99),
      'A',
      'é',
      '\u200b',
      '\uE200',
      '<s>',
      '<answer>',
      'does not exist ',
      '" ',
      'at a in /',
    ],
    ...['/:line ', '-----BEGIN ', "Cannot read property 'a' ", 'Unexpected token ', '<html', '\ud83d', '👨‍👩‍👧'],
  ]
  const lead = ['', 'at ', '{', '<think>', '    at x (', 'Error at ', '#0 ', '^', 'analysisA']
  test.each(hostile)('%j', (part) => {
    for (const start of lead) {
      for (const end of ['', 'x', '}', ' at :line .php undefined "}']) {
        const text = start + fill(part) + end
        expect(
          fastestMs(() => check(text)),
          `${start} ... ${end}`,
        ).toBeLessThan(50)
      }
    }
  })
})
