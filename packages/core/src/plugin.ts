import type { Agent } from './agent.ts'
import { WaAgentError } from './errors.ts'
import type { Logger } from './logger.ts'
import type { Middleware } from './middleware.ts'

/** What an npm package can bring along: agents, middleware, and what they need to be set up. */
export interface Plugin {
  readonly name: string
  readonly agents?: readonly Agent[]
  /** Answers what no intent was recognised in, unless the pipeline has a fallback of its own. */
  readonly fallback?: Agent
  readonly middleware?: readonly Middleware[]
  /** Called once, before the first turn. What it returns is called when the pipeline stops. */
  setup?(context: { readonly logger: Logger }): PluginCleanup | undefined | Promise<PluginCleanup | undefined>
}

/** Lets go of what a plugin's `setup` took. */
export type PluginCleanup = () => void | Promise<void>

/** Keeps the type of a plugin; throws `invalid_options` for one without a name. */
export function definePlugin(plugin: Plugin): Plugin {
  if (plugin.name.trim() !== '') return plugin
  throw new WaAgentError(
    'invalid_options',
    'Expected a plugin with a name, got an empty one. Name it in definePlugin().',
  )
}
