import { describe, expect, expectTypeOf, test } from 'vitest'
import { silentLogger } from './logger.ts'
import { definePlugin, type Plugin } from './plugin.ts'
import { createPluginRunner } from './plugins.ts'

/** Plugins that note what happens to them; those in `failing` fail at that. */
function noted(names: readonly string[], failing: readonly string[] = []) {
  const notes: string[] = []
  const note = async (what: string) => {
    notes.push(what)
    await Promise.resolve()
    if (failing.includes(what)) throw new Error(what)
  }
  const plugins = names.map((name) =>
    definePlugin({
      name,
      async setup() {
        await note(`set up ${name}`)
        return () => note(`clean up ${name}`)
      },
    }),
  )
  return { notes, failing, runner: createPluginRunner(plugins, silentLogger) }
}

test('plugins are set up once, in order, and cleaned up in the opposite one', async () => {
  const { runner, notes } = noted(['a', 'b'])
  await Promise.all([runner.start(), runner.start()])
  await runner.start()
  await runner.stop()
  await runner.stop()
  expect(notes).toEqual(['set up a', 'set up b', 'clean up b', 'clean up a'])
})

test('they can be started again after a stop', async () => {
  const { runner, notes } = noted(['a'])
  for (let round = 0; round < 2; round += 1) {
    await runner.start()
    await runner.stop()
  }
  expect(notes).toEqual(['set up a', 'clean up a', 'set up a', 'clean up a'])
})

describe('a plugin that fails', () => {
  test('is tried again at the next start, and those before it are not', async () => {
    const failing = ['set up b']
    const { runner, notes } = noted(['a', 'b'], failing)
    await expect(runner.start()).rejects.toThrow('plugin "b"')
    failing.pop()
    await runner.start()
    expect(notes).toEqual(['set up a', 'set up b', 'set up b'])
  })

  test('to clean up keeps no other from it', async () => {
    const { runner, notes } = noted(['a', 'b', 'c'], ['clean up c', 'clean up b'])
    await runner.start()
    await expect(runner.stop()).rejects.toThrow('clean up c')
    expect(notes.slice(3)).toEqual(['clean up c', 'clean up b', 'clean up a'])
    await runner.stop()
    expect(notes).toHaveLength(6)
  })
})

test('a stop in the middle of a start undoes all of it', async () => {
  const { runner, notes } = noted(['a', 'b'])
  const started = runner.start()
  await runner.stop()
  await started
  expect(notes).toEqual(['set up a', 'set up b', 'clean up b', 'clean up a'])
})

test('a plugin has a name, and a set-up may leave nothing to clean up', () => {
  expect(() => definePlugin({ name: ' ' })).toThrow(expect.objectContaining({ code: 'invalid_options' }))
  const plugin = definePlugin({ name: 'a', setup() {} })
  definePlugin({
    name: 'b',
    async setup({ logger }) {
      logger.info({}, 'ready')
    },
  })
  expectTypeOf(plugin).toEqualTypeOf<Plugin>()
})
