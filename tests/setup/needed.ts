import type { TestContext } from 'vitest'

/** A server that a test cannot do without: where the machine has none, the test is skipped and does not count as passed. */
export function needed<Server>(server: Server | undefined, { skip }: Pick<TestContext, 'skip'>): Server {
  return server ?? skip('a server that it needs is not on this machine')
}
