import { AsyncLocalStorage } from 'node:async_hooks'
import type { Context } from '@opentelemetry/api'
import type { ChannelKey } from '../conversation.ts'
import type { Telemetry } from './telemetry.ts'

/** Whose work the code that is running now belongs to. */
export interface Scope {
  readonly telemetry: Telemetry
  /** Holds the span; absent where only metrics are wanted. */
  readonly context?: Context | undefined
  /** Whose turn it is. */
  readonly channel?: ChannelKey | undefined
}

/**
 * Ours, beside the context manager that an application may have registered: a trace stays whole also where only a provider was
 * given. Nobody enters it while nothing is measured, so then it costs nothing.
 */
export const scopes = new AsyncLocalStorage<Scope>()
