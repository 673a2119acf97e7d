import { afterEach, beforeEach, expect } from 'vitest'

// A library that writes to its host's console is a nuisance: any console line written during a test fails it.
const methods = ['debug', 'error', 'info', 'log', 'warn'] as const
const originals = methods.map((method) => console[method])
let lines: string[] = []

beforeEach(() => {
  lines = []
  for (const method of methods) {
    console[method] = (...values: unknown[]) => {
      lines.push(`console.${method}: ${values.map(String).join(' ')}`)
    }
  }
})

afterEach(() => {
  methods.forEach((method, index) => {
    const original = originals[index]
    if (original) console[method] = original
  })
  expect(lines, 'the test wrote to the console').toEqual([])
})
