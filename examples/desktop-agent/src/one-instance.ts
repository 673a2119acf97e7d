import { isWaAgentError } from '@wa-agent/core'

/** Says to an owner what it means that the database is in use: the agent runs already. Other errors stay as they are. */
export function explainStart(error: unknown, port: number): unknown {
  if (!isWaAgentError(error) || error.code !== 'storage_in_use') return error
  const where = `http://localhost:${port}/health`
  return new Error(
    `The desktop agent runs already, perhaps as a service: look at ${where}. Two at once would answer everything twice, so this one ends.`,
    { cause: error },
  )
}
