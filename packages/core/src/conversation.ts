/** A channel: one WhatsApp number of one tenant. Both are names that you choose. */
export interface ChannelKey {
  readonly tenant: string
  readonly channel: string
}

/** A conversation: the unit of order, of lease and of session state. `chat` is the provider's id, opaque to us. */
export interface ConversationKey extends ChannelKey {
  readonly chat: string
}

const namePattern = /^[A-Za-z0-9+][A-Za-z0-9._:@+-]{0,127}$/

/** Whether `name` may name a tenant or a channel: 1-128 letters, digits and `. _ : @ + -`, a letter, a digit or `+` first. */
export function isKeyName(name: string): boolean {
  return namePattern.test(name)
}

/** One string per channel, for maps and logs. */
export function channelId({ tenant, channel }: ChannelKey): string {
  return `${tenant}/${channel}`
}

/** One string per conversation, for maps and logs. Unambiguous because tenant and channel cannot contain a slash. */
export function conversationId(key: ConversationKey): string {
  return `${channelId(key)}/${key.chat}`
}

/** A person answers in this conversation: the bot is silent until it is released or `untilMs` has passed. */
export interface Handoff {
  /** `owner`: the owner wrote from the phone; `person`: somebody took over through the bot; `agent`: an agent asked for it. */
  readonly by: 'owner' | 'person' | 'agent'
  readonly reason: string
  readonly sinceMs: number
  /** Milliseconds since 1970; absent: until a person releases it. */
  readonly untilMs?: number
}

/** Which agent has the floor: the next message goes to it unless a clearly different intent arrives. */
export interface Floor {
  readonly agent: string
  /** When it was last kept, in milliseconds since 1970: a floor that nobody used for long is given up. */
  readonly keptAtMs: number
  /** The confidence from which another agent's intent takes the message. Above 1: only a rule does. */
  readonly interruptAt: number
}

/** One of several things to choose from, so that "2" can be understood. */
export interface OfferedChoice {
  readonly id: string
  readonly title: string
}

/** The choices that the customer was offered last, and by which agent: its next answer makes them void, and so does a day. */
export interface OfferedChoices {
  readonly agent: string
  /** Milliseconds since 1970; absent: they do not grow old. */
  readonly offeredAtMs?: number
  readonly options: readonly OfferedChoice[]
}

/**
 * What the pipeline remembers of a conversation between turns. Plain JSON: it is committed with the turn and travels to a
 * remote pipeline.
 */
export interface ConversationState {
  /** Session state by agent name, as each agent's schema wrote it. */
  readonly sessions: Readonly<Record<string, unknown>>
  readonly floor?: Floor
  readonly choices?: OfferedChoices
}

/** The state of a conversation that nobody has answered yet. */
export const emptyState: ConversationState = Object.freeze({ sessions: Object.freeze({}) })
