// The factory and its options
export { bullmqQueue, type BullmqQueue } from './bullmq-queue.ts'
export type { RedisConnection } from './connection.ts'
export type { BullmqQueueOptions } from './options.ts'
export type { KeepOptions } from './retention.ts'
