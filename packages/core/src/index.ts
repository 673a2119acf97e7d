// Commonly used: agents, pipeline, bot

export { defineAgent } from './agent.ts'
export type {
  Agent,
  AgentDefinition,
  AgentModel,
  AgentModelRequest,
  DecidedBy,
  FloorControl,
  IntentDefinition,
  IntentOf,
  Intents,
  RespondContext,
} from './agent.ts'
export { createPipeline, type ModelBudget, type PipelineOptions } from './pipeline.ts'
export { createBot } from './bot/bot.ts'
export type { Bot, BotOptions, CoalesceOptions, RetryOptions } from './bot/options.ts'
export type { BotEvents } from './bot/events.ts'
export { createIngest, type Ingest, type IngestEvents, type IngestOptions } from './roles/ingest.ts'
export { createWorker, type Worker, type WorkerOptions } from './roles/worker.ts'
export type { Health } from './roles/health.ts'
export { definePlugin, type Plugin, type PluginCleanup } from './plugin.ts'
export { defineTool, type Tool } from './model.ts'
export type { Reply } from './reply.ts'

// Messages and conversations

export {
  contactAliasSchema,
  contactSchema,
  inboundMessageSchema,
  mediaReferenceSchema,
  outboundMediaSchema,
  outboundMessageSchema,
  parseInboundMessage,
  parseOutboundMessage,
  textOf,
} from './message.ts'
export type {
  Contact,
  ContactAlias,
  InboundMessage,
  InboundMessageInput,
  InboundType,
  MediaReference,
  OutboundMedia,
  OutboundMessage,
  OutboundMessageInput,
  OutboundType,
} from './message.ts'
export { channelId, conversationId, emptyState } from './conversation.ts'
export type {
  ChannelKey,
  ConversationKey,
  ConversationState,
  Floor,
  Handoff,
  OfferedChoice,
  OfferedChoices,
} from './conversation.ts'
export { defaultStartWords, defaultStopWords, type OptOutOptions } from './opt-out.ts'

// The pipeline from inside: turns, traces, middleware, the examples classifier

export type { Layer, Middleware, RespondInput, RouteInput, Turn } from './middleware.ts'
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
export type { FloorOptions } from './route.ts'
export { trainExamples } from './classify/examples/examples-classifier.ts'
export type {
  ExamplesClassifier,
  ExamplesClassifierOptions,
  ExamplesPrediction,
  LabelledText,
} from './classify/examples/examples-classifier.ts'

// Ports: what transports, storages, queues and models promise

export type {
  Capabilities,
  ConnectionState,
  CustomerWindow,
  Delivery,
  DeliveryStatus,
  DeliveryUpdate,
  FindResult,
  OutboundTemplate,
  SendResult,
  Transport,
  TransportHost,
  TransportRecords,
  WebhookRequest,
  WebhookResponse,
  WindowTemplate,
} from './transport.ts'
export type { ColdLimits, SendLimits } from './governor/limits.ts'
export type {
  Answers,
  AppendResult,
  Change,
  Claim,
  ClaimRequest,
  Control,
  DeadLetter,
  DeadLetterQuery,
  DeadLetters,
  Flags,
  GivenReply,
  HistoryEntry,
  Lease,
  MessageAnswer,
  NewMessage,
  NewReply,
  OverdueQuery,
  Records,
  ReplyKind,
  ReplyOutcome,
  ReplyStatus,
  Storage,
  StorageStats,
  StoredMessage,
  StoredReply,
  TrackResult,
  Usage,
} from './storage.ts'
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
export { isQueueJob } from './queue.ts'
export type { GenerateOptions, Model, ModelMessage, ModelRequest, ModelResponse, ModelUsage } from './model.ts'

// In-memory forms, for tests and tries

export { type MemoryStorageOptions, memoryStorage } from './memory/memory-storage.ts'
export { type MemoryQueueOptions, memoryQueue } from './memory/memory-queue.ts'

// Texts: what leaves, and what is compared

export { type AdaptedMessage, adaptMessage } from './outgoing/adapt.ts'
export { splitText } from './outgoing/split-text.ts'
export { normalizeKeyword } from './normalize.ts'

// Time, logs, errors, trying again

export { type Clock, systemClock, waitFor } from './clock.ts'
export { type Logger, silentLogger } from './logger.ts'
export { describeError, framesOf, isStorageAway, isWaAgentError, WaAgentError } from './errors.ts'
export type { ErrorCode, WaAgentErrorOptions } from './errors.ts'
export { type BackoffOptions, backoffMs, storageAwayMs } from './backoff.ts'
export { parseRetryAfterMs } from './retry.ts'
export { circuitBreaker } from './circuit-breaker.ts'
export type { CircuitBreaker, CircuitBreakerOptions, CircuitCall, CircuitState } from './circuit-breaker.ts'

// Traces and metrics

export type { TelemetryOptions } from './telemetry/options.ts'
export type { TraceHeaders } from './trace-headers.ts'
export { Telemetry } from './telemetry/telemetry.ts'
export { injectTrace, span, withTrace } from './telemetry/trace.ts'
export { jobFieldsOf, logFieldsOf } from './telemetry/log-fields.ts'
export { tracedLogger } from './telemetry/traced-logger.ts'
export { tagOf } from './telemetry/tags.ts'
export { type MetricDefinition, metricList } from './telemetry/metric-list.ts'

// For factories of transports, storages and queues: options that do not exist are refused

export { checkNames, type NamesOf, type NameTree, type OptionKind } from './check-names.ts'
