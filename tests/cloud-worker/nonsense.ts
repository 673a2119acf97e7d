import { fixture } from './providers.ts'

/** Bodies that are no JSON, or not in UTF-8. */
export function unreadable(): (string | Uint8Array<ArrayBuffer>)[] {
  const text = JSON.stringify(fixture('cloud-api', 'text'))
  return [
    '',
    ' ',
    '{',
    '}',
    'undefined',
    'NaN',
    '{"a":1,}',
    "{'a':1}",
    '<xml/>',
    'a=b&c=d',
    text.slice(0, -1),
    `${text}x`,
    `\ufeff${text}`,
    text.replace('"', ''),
    '['.repeat(100_000),
    '{"a":'.repeat(50_000),
    '"\\ud8',
    '\u0000',
    '1e',
    '--1',
    new Uint8Array([0xff, 0xfe, 0x7b]),
    new Uint8Array([0x22, 0xc0, 0x80, 0x22]),
    new Uint8Array(1000).fill(0x80),
    new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]),
  ]
}

/** JSON that says nothing. */
export function empty(): string[] {
  return [
    'null',
    'true',
    '0',
    '-0',
    '1e999',
    '""',
    '[]',
    '{}',
    '[[[[]]]]',
    '"text"',
    '{"__proto__":{"x":1}}',
    '{"entry":null}',
    '{"entry":[null]}',
    '{"entry":[{"changes":[null]}]}',
    '{"object":1,"entry":{"length":5}}',
    `{"entry":[${'{},'.repeat(50_000)}{}]}`,
    `{"entry":[{"changes":[${'{},'.repeat(50_000)}{}]}]}`,
    `${'['.repeat(5000)}${']'.repeat(5000)}`,
    `{"entry":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    `{"topic":"message.sender.user","data":${'{"data":'.repeat(3000)}1${'}'.repeat(3000)}}`,
    '{"topic":"message.sender.user","data":{"message":7}}',
    '{"type":"message"}',
    '{"event":"message.inbound"}',
    `{"event":"message.inbound","data":{"uuid":"${'x'.repeat(100_000)}"}}`,
    '{"type":"ack","data":[{},[],null,7]}',
  ]
}
