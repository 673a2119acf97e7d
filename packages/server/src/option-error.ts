import { WaAgentError } from '@wa-agent/core'

/** The error for an option that cannot be. Objects are named by their kind only: they may hold secrets. */
export function wrongOption(name: string, expected: string, got: unknown): WaAgentError {
  const shown = typeof got === 'number' || typeof got === 'boolean' ? String(got) : got === null ? 'null' : typeof got
  return new WaAgentError(
    'invalid_options',
    `[server] Expected \`${name}\` to be ${expected}, got ${shown}. Correct it and start again.`,
  )
}
