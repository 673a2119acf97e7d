// One ingest as docs/scale-out.md shows it. JavaScript, because stripping types would take more memory than the ingest.
import { createIngest } from '@wa-agent/core'
import { createServer } from '@wa-agent/server'
import { cloudApiTransport } from '@wa-agent/transport-cloud-api'

const { keeper, url, name, appSecret, phoneNumberId } = JSON.parse(process.argv[2] ?? '{}')

const keepers = {
  async bullmq() {
    const { bullmqQueue } = await import('@wa-agent/queue-bullmq')
    return { queue: bullmqQueue({ connection: url, prefix: name }) }
  },
  async pubsub() {
    const { pubsubQueue } = await import('@wa-agent/queue-pubsub')
    const apiEndpoint = 'https://pubsub.invalid'
    // The stand-in has no certificate, and without https nobody would ask for a token.
    const standIn = (input, init) => fetch(String(input).replace(apiEndpoint, url), init)
    return {
      queue: pubsubQueue({ projectId: name, topic: 'bench', subscription: 'bench', apiEndpoint, fetch: standIn }),
    }
  },
  async postgres() {
    const { postgresStorage } = await import('@wa-agent/storage-postgres')
    return { storage: postgresStorage({ url }) }
  },
}

const transports = [cloudApiTransport({ appSecret, phoneNumberId, accessToken: 'none', verifyToken: 'none' })]
const ingest = createIngest({ transports, ...(await keepers[keeper]()) })
const server = createServer({ ingest, transports, adminKey: false })
await ingest.start()
const { port } = await server.start()
process.send?.({ port })
