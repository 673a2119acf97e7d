import { createRequire } from 'node:module'
import {
  type handleBidiStreamingCall,
  type handleUnaryCall,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'
import { type Broker, Refusal } from './test-broker.ts'
import type { Delivered } from './test-feed.ts'

interface AckRequest {
  readonly subscription: string
  readonly ackIds: readonly string[]
  readonly ackDeadlineSeconds: number
}

interface StreamRequest {
  readonly subscription: string
  readonly streamAckDeadlineSeconds: number
  /** A number of 64 bits, as text. */
  readonly maxOutstandingMessages: string
}

interface StreamAnswer {
  readonly receivedMessages: readonly object[]
}

/** What Google's client asks of a Pub/Sub it pulls from. */
export async function startGrpcFront(broker: Broker): Promise<{ readonly port: number; stop(): void }> {
  const server = new Server()
  server.addService(subscriberService(), {
    StreamingPull: streamingPull(broker),
    Acknowledge: unary<AckRequest>(({ subscription, ackIds }) => broker.subscription(subscription).acknowledge(ackIds)),
    ModifyAckDeadline: unary<AckRequest>(({ subscription, ackIds, ackDeadlineSeconds }) =>
      broker.subscription(subscription).extend(ackIds, ackDeadlineSeconds),
    ),
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return { port, stop: () => server.forceShutdown() }
}

function subscriberService(): ServiceDefinition {
  // The protocol as Google publishes it with its client.
  const protocol: Parameters<typeof fromJSON>[0] = createRequire(import.meta.url)(
    '@google-cloud/pubsub/build/protos/protos.json',
  )
  const loaded = loadPackageDefinition(fromJSON(protocol, { longs: String, enums: String, defaults: true }))
  const { google } = loaded as unknown as { google: { pubsub: { v1: { Subscriber: ServiceClientConstructor } } } }
  return google.pubsub.v1.Subscriber.service
}

function unary<Asked>(act: (request: Asked) => void): handleUnaryCall<Asked, object> {
  return ({ request }, callback) => {
    try {
      act(request)
      callback(null, {})
    } catch (error) {
      callback(serviceError(error))
    }
  }
}

function streamingPull(broker: Broker): handleBidiStreamingCall<StreamRequest, StreamAnswer> {
  return (call) => {
    let leave: (() => void) | undefined
    const end = () => {
      leave?.()
      leave = undefined
    }
    call.on('data', ({ subscription, streamAckDeadlineSeconds, maxOutstandingMessages }: StreamRequest) => {
      if (leave || subscription === '') return
      try {
        const feed = broker.subscription(subscription)
        if (feed.config.pushConfig?.pushEndpoint) throw new Refusal(400, 'It is a push subscription')
        const given = new Set<string>()
        leave = feed.join({
          deadlineS: streamAckDeadlineSeconds,
          room() {
            for (const ackId of given) if (!feed.isOut(ackId)) given.delete(ackId)
            return (Number(maxOutstandingMessages) || 1000) - given.size
          },
          give(delivered) {
            for (const { ackId } of delivered) given.add(ackId)
            call.write({ receivedMessages: delivered.map(wireOf) })
          },
        })
      } catch (error) {
        call.emit('error', serviceError(error))
      }
    })
    call.on('cancelled', end)
    call.on('error', end)
    call.on('end', () => {
      end()
      call.end()
    })
  }
}

function wireOf({ ackId, message, deliveryAttempt = 0 }: Delivered): object {
  const { messageId, publishTimeMs, data, attributes, orderingKey } = message
  const publishTime = { seconds: Math.floor(publishTimeMs / 1000), nanos: (publishTimeMs % 1000) * 1_000_000 }
  return { ackId, deliveryAttempt, message: { messageId, publishTime, data, attributes, orderingKey } }
}

const codes: Readonly<Record<number, status>> = {
  400: status.FAILED_PRECONDITION,
  404: status.NOT_FOUND,
  409: status.ALREADY_EXISTS,
}

function serviceError(error: unknown) {
  const details = error instanceof Error ? error.message : String(error)
  const code = error instanceof Refusal ? (codes[error.status] ?? status.UNKNOWN) : status.INTERNAL
  return Object.assign(new Error(details), { code, details })
}
