import type { Pipeline } from '@wa-agent/core'
import { createBot, memoryStorage } from '@wa-agent/core'
import { simulatedWhatsApp } from '@wa-agent/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { cloudLink } from './cloud-link.ts'
import { type CloudPipeline, cloudPipeline } from './cloud-pipeline.ts'

const good = { url: 'https://cloud.example', tenantId: 'shop', apiKey: 'wak_secret_key' }

describe('cloudPipeline', () => {
  test('has the type of a local pipeline', () => {
    expectTypeOf<CloudPipeline>().toExtend<Pipeline>()
    expect(cloudPipeline(good).state).toBe('unknown')
  })

  for (const [name, wrong] of Object.entries({
    url: 'cloud.example',
    tenantId: '',
    apiKey: 'with a space',
    timeoutMs: 0,
    maxAgeMs: Number.NaN,
    tooOld: { words: 'late' },
    circuit: { maxFailure: 1 },
    media: null,
    urll: 'x',
  })) {
    test(`refuses a wrong ${name}, and shows no key`, () => {
      const make = () => cloudPipeline({ ...good, [name]: wrong } as never)
      expect(make).toThrow(expect.objectContaining({ code: 'invalid_options' }))
      expect(make).toThrow(new RegExp(name === 'urll' || name === 'circuit' ? 'exist' : name))
      expect(make).not.toThrow(/secret|with a space/)
    })
  }
})

describe('cloudLink', () => {
  test('refuses what is missing, and options that do not exist', () => {
    const pipeline = cloudPipeline(good)
    const { transport } = simulatedWhatsApp()
    const bot = createBot({ transports: [transport], storage: memoryStorage(), pipeline })
    const wrong = expect.objectContaining({ code: 'invalid_options' })
    expect(() => cloudLink({ pipeline, bot } as never)).toThrow(wrong)
    expect(() => cloudLink({ bot, transport } as never)).toThrow(wrong)
    expect(() => cloudLink({ pipeline, transport } as never)).toThrow(wrong)
    expect(() => cloudLink({ pipeline, bot, transport, phones: '1' } as never)).toThrow(wrong)
    expect(() => cloudLink({ pipeline, bot, transport })).not.toThrow()
  })
})
