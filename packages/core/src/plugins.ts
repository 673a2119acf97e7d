import { isWaAgentError, WaAgentError } from './errors.ts'
import type { Logger } from './logger.ts'
import type { Plugin } from './plugin.ts'

/** The set-up of plugins: once before the first turn, undone in the opposite order. */
export interface PluginRunner {
  /** Sets up what is not set up yet. After a failure the next call tries again. */
  start(): Promise<void>
  /** Undoes all that was set up, also where one of them fails; rejects then with the first failure. */
  stop(): Promise<void>
}

/** Runs the `setup` of each plugin in order. */
export function createPluginRunner(plugins: readonly Plugin[], logger: Logger): PluginRunner {
  const cleanups: (() => void | Promise<void>)[] = []
  const waiting = plugins.filter((plugin) => plugin.setup)
  let starting: Promise<void> | undefined

  async function setUp(): Promise<void> {
    for (let plugin = waiting[0]; plugin; plugin = waiting[0]) {
      const cleanup = await setUpOne(plugin)
      if (cleanup) cleanups.unshift(cleanup)
      waiting.shift()
    }
  }

  async function setUpOne(plugin: Plugin) {
    try {
      return await plugin.setup?.({ logger })
    } catch (error) {
      if (isWaAgentError(error)) throw error
      throw setUpFailed(plugin, error)
    }
  }

  return {
    start() {
      starting ??= setUp().catch((error: unknown) => {
        starting = undefined
        throw error
      })
      return starting
    },
    async stop() {
      // What is being set up right now has to be undone, too; that it failed was told to whoever started it.
      await starting?.catch(() => undefined)
      starting = undefined
      waiting.splice(0, waiting.length, ...plugins.filter((plugin) => plugin.setup))
      const failures: unknown[] = []
      for (let cleanup = cleanups.shift(); cleanup; cleanup = cleanups.shift()) {
        try {
          await cleanup()
        } catch (error) {
          failures.push(error)
        }
      }
      if (failures.length > 0) throw failures[0]
    },
  }
}

function setUpFailed({ name }: Plugin, cause: unknown): WaAgentError {
  const message = `The set-up of plugin "${name}" failed. Look at the cause; it is tried again at the next start or turn.`
  return new WaAgentError('turn_failed', message, { retryable: true, cause })
}
