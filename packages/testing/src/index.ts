// Commonly used: a WhatsApp and a model that a test plays

export {
  type ModelAnswer,
  type ModelStep,
  type ScriptedModel,
  type ScriptedModelOptions,
  type ScriptedRound,
  type ScriptedToolCall,
  scriptedModel,
} from './scripted-model.ts'
export {
  type ReportDetails,
  type SimulatedOwner,
  type SimulatedWhatsApp,
  type SimulatedWhatsAppOptions,
  simulatedWhatsApp,
} from './simulated-whatsapp.ts'

// Messages from customers

export {
  type InboundBuilder,
  type InboundBuilderOptions,
  type InboundCaptionedDetails,
  type InboundDetails,
  type InboundFileDetails,
  inbound,
  inboundBuilder,
  type Sender,
} from './messages.ts'

// Time and chance

export { seededRandom } from './seeded-random.ts'
export { type VirtualClock, type VirtualClockLimit, type VirtualClockOptions, virtualClock } from './virtual-clock.ts'

// A WhatsApp made of two files, to replay what customers wrote

export type { FileProgress } from './file/input-reader.ts'
export type { BadLine } from './file/parse-line.ts'
export { type FileTransport, type FileTransportOptions, fileTransport } from './file-transport.ts'

// For authors of transports, storages and queues: what each must keep, as data for any test runner

export type { ConformanceCase } from './conformance/conformance.ts'
export { type QueueHarness, queueConformance } from './conformance/queue.ts'
export { durableStorageConformance, type StorageOpener, storageConformance } from './conformance/storage.ts'
export {
  type ArrivedMessage,
  type CustomerText,
  type ProviderFault,
  skipReason,
  type TransportCase,
  type TransportFeature,
  type TransportHarness,
  type TransportSkips,
  transportConformance,
} from './conformance/transport.ts'
export { type RecordingHost, recordingHost } from './recording-host.ts'

// The simulated WhatsApp from inside

export type { Arrival, RedeliveryOptions, SimulatedArrivals } from './simulated/arrivals.ts'
export type { ChatMessage } from './simulated/chats.ts'
export type {
  CustomerFile,
  CustomerMessage,
  CustomerOptions,
  SimulatedCustomer,
  TextDetails,
} from './simulated/customer.ts'
export type { FaultTarget, FindBehaviour, SendFault, SendFaultName, SimulatedFaults } from './simulated/faults.ts'
export type { SimulatedMedia } from './simulated/media-shelf.ts'
export type { SendAttempt } from './simulated/outgoing.ts'
