import type * as OpenTelemetry from '@opentelemetry/api'
import { WaAgentError } from '../errors.ts'

/** `@opentelemetry/api`, loaded. */
export type Api = typeof OpenTelemetry

/** What an application has registered there, by the name that all versions and copies of the api share. */
interface Registered {
  readonly trace?: unknown
  readonly metrics?: unknown
}

const key = Symbol.for('opentelemetry.js.api.1')
let loaded: Api | undefined

/** What is registered for the whole process. Asked without loading the api: that takes longer than all the rest of a start. */
export function registered(): Registered {
  return (globalThis as { [key]?: Registered })[key] ?? {}
}

/** Loads the api, once. Rejects with `invalid_options` where it is not installed. */
export async function loadApi(): Promise<Api> {
  try {
    loaded ??= await import('@opentelemetry/api')
    return loaded
  } catch (error) {
    throw packageMissing(error)
  }
}

function packageMissing(cause: unknown): WaAgentError {
  return new WaAgentError(
    'invalid_options',
    '[telemetry] Expected the package "@opentelemetry/api" to be installed, but it cannot be loaded. Run: npm install @opentelemetry/api',
    { cause },
  )
}
