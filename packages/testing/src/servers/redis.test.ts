import { afterEach, describe, expect, test, vi } from 'vitest'
import { type OwnRedis, redisForTests, startRedis } from './redis.ts'

const found = await startRedis({ password: 'a b/c' })
const own = found as OwnRedis

afterEach(() => vi.unstubAllEnvs())

describe.skipIf(found === undefined)('a Redis of its own', () => {
  test('answers, forgets at a stop, and ends with the test', async () => {
    expect(await own.command('SET', 'key', 'value')).toBe('+OK')
    await own.stop()
    await expect(own.command('PING')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await own.start()
    expect(await own.command('EXISTS', 'key')).toBe(':0')
    await own.kill()
    await own.start()
    expect(await own.command('PING')).toBe('+PONG')
  })

  test('is found by its URL, and gives back only what a test has made', async () => {
    vi.stubEnv('REDIS_URL', own.url)
    const redis = await redisForTests()
    expect(redis?.url).toBe(own.url)
    for (const key of [`${redis?.prefix}:one`, `${redis?.prefix}:two`, 'other']) await own.command('SET', key, 'value')
    await redis?.[Symbol.asyncDispose]()
    expect(await own.command('DBSIZE')).toBe(':1')
    expect(await own.command('EXISTS', 'other')).toBe(':1')
    expect((await redisForTests())?.prefix).not.toBe(redis?.prefix)
  })

  test('says what Redis refuses, not what it was asked', async () => {
    await expect(own.command('NONSENSE', 'secret')).rejects.toThrow(/^-ERR$/)
    await own[Symbol.asyncDispose]()
    await expect(own.command('PING')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('where there is no redis-server', () => {
  test('there is none for a test, which can be skipped', async () => {
    vi.stubEnv('PATH', '')
    vi.stubEnv('CI', '')
    expect(await startRedis()).toBeUndefined()
  })

  test('CI fails', async () => {
    vi.stubEnv('PATH', '')
    vi.stubEnv('CI', 'true')
    await expect(startRedis()).rejects.toThrow('CI needs redis-server, or REDIS_URL.')
  })
})
