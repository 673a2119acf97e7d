// For authors of storages: the rules that every storage keeps, so that none has to write them again

// Who is one person, what an order changes, what became of a reply
export {
  answerStatus,
  applyControl,
  applyInbound,
  echoesAmongLast,
  effectiveControl,
  inboundDueAtMs,
  isEchoOf,
  isEchoUnderAnotherId,
  isSaid,
  mergeFlags,
  mergeStates,
  outboundDueAtMs,
  personIds,
  settledFate,
  stateToJson,
  wroteAtMs,
} from './rules.ts'
export type { EchoCandidate, OutboxReply, PendingMessage, ReplyFate } from './rules.ts'
export { failureOf, isStep, namedTrace, type ReplyDelivery, type ReplyTrace, trackedTrace } from './tracking.ts'

// The unfinished mail of a conversation, leases and due times in memory: for storages that one process owns
export { type ClaimParts, Mailbox } from './mailbox.ts'
export { DueIndex, type DueQuery } from './due-index.ts'
export { LeaseTable } from './lease-table.ts'

// Errors that storages have in common
export { letterGone, replyGone, storageClosed } from './errors.ts'
