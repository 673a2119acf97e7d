// The factory and its options
export { bullmqQueue, type BullmqQueue, type BullmqQueueOptions } from './bullmq-queue.ts'
export type { RedisConnection } from './connection.ts'
export type { KeepOptions } from './retention.ts'
