import type { WebjsState } from '@wa-agent/transport-webjs'

/**
 * How the cloud server is.
 * - `unknown`: it was not asked yet.
 * - `away`: nobody answers; messages wait here.
 * - `refused`: it does not take the API key, or not for this business.
 * - `superseded`: another computer does the work of this business now.
 * - `paused`: it is there, and has told this computer to wait.
 */
export type CloudState = 'unknown' | 'reachable' | 'away' | 'refused' | 'superseded' | 'paused'

/** Everything that an owner may want to know about the agent. Times are in milliseconds since 1970. */
export interface AgentStatus {
  readonly whatsApp: {
    readonly state: WebjsState
    /** The number that is linked, in digits. */
    readonly phone?: string
    /** Why it is not connected. */
    readonly reason?: string
  }
  readonly cloud: CloudState
  /** Messages without an answer, and answers that have not left. */
  readonly waitingMessages: number
  readonly waitingReplies: number
  /** What was given up. */
  readonly deadLetters: number
  /** When a customer wrote last, since the agent started. */
  readonly lastMessageAtMs?: number
  readonly startedAtMs: number
}

/** What the agent takes of the computer's memory. */
export interface AgentMemory {
  readonly nodeBytes: number
  /** All processes of the browser; absent while none runs, and where the system does not tell. */
  readonly chromiumBytes?: number
}

/** Whether customers get their answers. */
export function isWell({ whatsApp, cloud }: AgentStatus): boolean {
  return whatsApp.state === 'connected' && cloud === 'reachable'
}
