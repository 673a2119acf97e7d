import { expect, test } from 'vitest'
import { findJson, withoutThoughts } from './answer-text.ts'

test.each([
  ['<think>hm</think>Yes', 'Yes'],
  ['<think>\nhm\n</think>\n\nYes', 'Yes'],
  ['<thinking>hm</thinking> Yes <think>or no</think>!', 'Yes !'],
  ['the template swallowed the opening tag</think>Yes', 'Yes'],
  ['<think>cut off before its end', ''],
  ['  Yes  ', 'Yes'],
  ['I think 3 < 4', 'I think 3 < 4'],
])('takes thoughts out of %j', (content, text) => {
  expect(withoutThoughts(content)).toBe(text)
})

test.each([
  ['{"a":1}', { a: 1 }],
  ['```json\n{"a":1}\n```', { a: 1 }],
  ['```\n[1]\n```', [1]],
  ['Here you are: {"a":1}. Anything else?', { a: 1 }],
  ['Here:\n```json\n{"a":"```"}\n```', { a: '```' }],
  ['"text"', 'text'],
])('finds the JSON in %j', (text, value) => {
  expect(findJson(text)).toEqual({ value })
})

test.each(['', 'none', '{"a":', '} {', '```json\n{\n```'])('finds no JSON in %j', (text) => {
  expect(findJson(text)).toBeUndefined()
})
