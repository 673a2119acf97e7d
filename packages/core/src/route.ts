import type { Agent } from './agent.ts'
import type { Floor } from './conversation.ts'
import type { InboundMessage } from './message.ts'
import type { RouteInput } from './middleware.ts'
import type { Route } from './turn.ts'

/** How long a floor lasts, and what takes it. */
export interface FloorOptions {
  /** A floor that was not kept for so long is given up. Default 30 minutes. */
  readonly idleMs?: number
  /** The confidence from which another agent's intent takes the message. Default 0.8. */
  readonly interruptAt?: number
}

export const defaultFloorIdleMs = 30 * 60_000
export const defaultInterruptAt = 0.8

/** What the router needs to know. */
export interface RouterOptions {
  readonly agents: ReadonlyMap<string, Agent>
  readonly fallback: Agent
}

/**
 * Decides who answers: nobody under handoff, else the agent that has the floor unless a clearly different intent arrived,
 * else the agent whose intent it is, else the fallback.
 */
export function createRouter({ agents, fallback }: RouterOptions): (input: RouteInput) => Route {
  return ({ turn, classification }) => {
    if (turn.handoff && classification.agent === undefined)
      return { by: 'handoff', reason: 'a person answers this conversation' }
    if (classification.agent === undefined && turn.messages.every(isTakenBack)) {
      return { by: 'ignored', reason: 'a reaction was taken back' }
    }
    const { floor } = turn.state
    if (floor && agents.has(floor.agent)) {
      const interrupts =
        classification.agent !== undefined && classification.agent !== floor.agent && isClear(classification, floor)
      if (!interrupts) return { agent: floor.agent, by: 'floor', reason: 'this agent has the floor' }
    }
    if (classification.agent !== undefined && agents.has(classification.agent)) {
      return { agent: classification.agent, by: 'intent', reason: `intent ${classification.intent}` }
    }
    if (turn.messages.every((message) => message.type === 'reaction')) {
      return { by: 'ignored', reason: 'a reaction needs no answer' }
    }
    return { agent: fallback.name, by: 'fallback', reason: 'no intent was recognised' }
  }
}

function isTakenBack(message: InboundMessage): boolean {
  return message.type === 'reaction' && message.emoji === ''
}

function isClear(classification: RouteInput['classification'], floor: Floor): boolean {
  return classification.decidedBy === 'rules' || classification.confidence >= floor.interruptAt
}
