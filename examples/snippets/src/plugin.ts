import { type Agent, definePlugin, type Middleware } from '@wa-agent/core'

/** Something that a plugin holds while the bot runs. */
export interface Catalogue {
  load(): Promise<void>
  close(): Promise<void>
}

// #region middleware
/** Counts the turns of each agent, whatever the agent does. */
export function countTurns(counts: Map<string, number>): Middleware {
  return {
    name: 'count-turns',
    async respond(input, next) {
      const response = await next(input)
      counts.set(input.agent.name, (counts.get(input.agent.name) ?? 0) + 1)
      return response
    },
  }
}
// #endregion

// #region plugin
export const shopPlugin = (catalogue: Catalogue, agents: readonly Agent[], counts: Map<string, number>) =>
  definePlugin({
    name: 'shop',
    agents,
    middleware: [countTurns(counts)],
    async setup({ logger }) {
      await catalogue.load()
      logger.info({ plugin: 'shop' }, 'catalogue loaded')
      return () => catalogue.close()
    },
  })
// #endregion
