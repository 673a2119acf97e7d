// Commonly used: agents, pipeline, bot

export {
  type Agent,
  type AgentDefinition,
  type AgentModel,
  type AgentModelRequest,
  type DecidedBy,
  defineAgent,
  type FloorControl,
  type IntentDefinition,
  type IntentOf,
  type Intents,
  type RespondContext,
} from './agent.ts'
export { createBot } from './bot/bot.ts'
export type { Bot, BotOptions } from './bot/options.ts'
export {
  type ExamplesClassifier,
  type ExamplesClassifierOptions,
  type ExamplesPrediction,
  type LabelledText,
  trainExamples,
} from './classify/examples/examples-classifier.ts'
// Time, logs, errors
export { type Clock, systemClock, waitFor } from './clock.ts'
export {
  type ChannelKey,
  type ConversationKey,
  type ConversationState,
  conversationId,
  emptyState,
  type Floor,
  type Handoff,
  type OfferedChoice,
  type OfferedChoices,
} from './conversation.ts'
// For authors of transports and storages
export { DueIndex } from './due-index.ts'
export {
  describeError,
  type ErrorCode,
  framesOf,
  isWaAgentError,
  WaAgentError,
  type WaAgentErrorOptions,
} from './errors.ts'
export { LeaseTable } from './lease-table.ts'
export { type Logger, silentLogger } from './logger.ts'
export { type ClaimParts, Mailbox } from './mailbox.ts'
export {
  applyControl,
  type EchoCandidate,
  echoesAmongLast,
  effectiveControl,
  inboundDueAtMs,
  isEchoOf,
  isSaid,
  mergeFlags,
  mergeStates,
  type OutboxReply,
  outboundDueAtMs,
  type PendingMessage,
  personIds,
  type ReplyFate,
  settledFate,
  stateToJson,
} from './mailbox-rules.ts'
// In-memory forms, for tests and tries
export { type MemoryStorageOptions, memoryStorage } from './memory-storage.ts'
// Messages and conversations
export {
  type Contact,
  type ContactAlias,
  contactAliasSchema,
  contactSchema,
  type InboundMessage,
  type InboundMessageInput,
  type InboundType,
  inboundMessageSchema,
  type MediaReference,
  mediaReferenceSchema,
  type OutboundMedia,
  type OutboundMessage,
  type OutboundMessageInput,
  type OutboundType,
  outboundMediaSchema,
  outboundMessageSchema,
  parseInboundMessage,
  parseOutboundMessage,
  textOf,
} from './message.ts'
// The pipeline from inside: turns, traces, middleware
export type { Layer, Middleware, RespondInput, RouteInput, Turn } from './middleware.ts'
export type { Model, ModelMessage, ModelRequest, ModelResponse, ModelUsage } from './model.ts'
export { defineTool, type Tool } from './model.ts'
export { memoryQueue, type MemoryQueueOptions } from './memory-queue.ts'
export type {
  ConsumeOptions,
  DeadJob,
  DeadJobs,
  JobContext,
  JobHandler,
  PublishOptions,
  Queue,
  QueueCapabilities,
  QueueConsumer,
  QueueJob,
  QueueStats,
} from './queue.ts'
export { normalizeKeyword } from './normalize.ts'
export { defaultStartWords, defaultStopWords, type OptOutOptions } from './opt-out.ts'
export { type AdaptedMessage, adaptMessage } from './outgoing/adapt.ts'
export { splitText } from './outgoing/split-text.ts'
export { createPipeline, type ModelBudget, type PipelineOptions } from './pipeline.ts'
export { definePlugin, type Plugin, type PluginCleanup } from './plugin.ts'
export type { Reply } from './reply.ts'
export type { FloorOptions } from './route.ts'
export type {
  AppendResult,
  Change,
  Claim,
  ClaimRequest,
  Control,
  DeadLetter,
  DeadLetters,
  Flags,
  HistoryEntry,
  Lease,
  NewMessage,
  NewReply,
  ReplyKind,
  ReplyOutcome,
  ReplyStatus,
  Storage,
  StorageStats,
  StoredMessage,
  StoredReply,
  Usage,
} from './storage.ts'
export { letterGone, replyGone, storageClosed } from './storage-errors.ts'
// Ports: what transports, storages, queues and models promise
export type {
  Capabilities,
  ConnectionState,
  Delivery,
  FindResult,
  SendResult,
  Transport,
  TransportHost,
} from './transport.ts'
export type {
  Classification,
  ModelCall,
  Pipeline,
  Route,
  RunOptions,
  TurnInput,
  TurnResponse,
  TurnResult,
  TurnTrace,
} from './turn.ts'
