export { type PubsubQueue, pubsubQueue } from './pubsub-queue.ts'
export type { PubsubQueueOptions, PushOptions } from './options.ts'
export type { PushHandler } from './push.ts'
