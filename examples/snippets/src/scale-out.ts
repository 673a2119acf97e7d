import { createIngest, createWorker, type Pipeline, type Transport } from '@wa-agent/core'
import { bullmqQueue } from '@wa-agent/queue-bullmq'
import { createServer } from '@wa-agent/server'
import { postgresStorage } from '@wa-agent/storage-postgres'

interface Settings {
  readonly redisUrl: string
  readonly databaseUrl: string
  readonly adminKey: string
}

// #region ingest
export async function startIngest(transports: readonly Transport[], { redisUrl }: Settings) {
  const queue = bullmqQueue({ connection: redisUrl })
  const ingest = createIngest({ transports, queue })
  const server = createServer({ ingest, transports, adminKey: false })
  await ingest.start()
  const { port } = await server.start()
  return { port, server, ingest, queue }
}
// #endregion

// #region worker
export async function startWorker(transports: readonly Transport[], pipeline: Pipeline, settings: Settings) {
  const queue = bullmqQueue({ connection: settings.redisUrl })
  const storage = postgresStorage({ url: settings.databaseUrl })
  const worker = createWorker({ transports, queue, storage, pipeline, concurrency: 50 })
  const server = createServer({ bot: worker, transports, adminKey: settings.adminKey })
  await worker.start()
  const { port } = await server.start()
  return { port, server, worker, queue }
}
// #endregion
