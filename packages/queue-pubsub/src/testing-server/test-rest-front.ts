import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Broker, Refusal } from './test-broker.ts'
import type { Delivered, SubscriptionConfig } from './test-feed.ts'

interface Asked {
  readonly method: string
  /** The resource's name. */
  readonly name: string
  readonly verb: string
  readonly body: Body
}

interface Body {
  readonly messages?: readonly { data?: string; attributes?: Record<string, string>; orderingKey?: string }[]
  readonly permissions?: readonly string[]
  readonly maxMessages?: number
  readonly ackIds?: readonly string[]
  readonly ackDeadlineSeconds?: number
  readonly pushConfig?: SubscriptionConfig['pushConfig']
  readonly subscription?: Partial<SubscriptionConfig>
  readonly updateMask?: string
}

/** The requests by REST that this package makes. `refuse` gives a status to answer with instead. */
export async function startRestFront(broker: Broker, refuse: (asked: string) => number | undefined) {
  const server = createServer((request, response) => void answer(request, response))
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    let [status, body]: [number, object] = [200, {}]
    try {
      const asked = await askedBy(request)
      const refused = refuse(`${asked.method} ${asked.verb}`)
      if (refused !== undefined) throw new Refusal(refused, 'refused by the test')
      body = act(broker, asked)
      if (asked.verb === 'testIamPermissions' && refuse('POST publish') !== 403)
        body = { permissions: asked.body.permissions }
    } catch (error) {
      status = error instanceof Refusal ? error.status : 500
      body = { error: { code: status, message: String(error) } }
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function askedBy(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const [, name = '', verb = ''] = /^\/v1\/([^:]+)(?::(\w+))?$/.exec(request.url ?? '') ?? []
  const text = Buffer.concat(chunks).toString()
  return { method: request.method ?? '', name, verb, body: text === '' ? {} : JSON.parse(text) }
}

function act(broker: Broker, { method, name, verb, body }: Asked): object {
  const { maxMessages = 1, ackIds = [], ackDeadlineSeconds = 0, messages = [] } = body
  if (name.includes('/topics/')) {
    if (verb === 'publish') return { messageIds: broker.publish(name, messages.map(storable)) }
    if (verb === 'testIamPermissions') {
      broker.topic(name)
      return {}
    }
    if (method === 'PUT') broker.createTopic(name)
    else if (method === 'DELETE') broker.deleteTopic(name)
    else broker.topic(name)
    return { name }
  }
  if (method === 'PUT')
    return shown(name, broker.createSubscription(name, body as unknown as SubscriptionConfig).config)
  const feed = broker.subscription(name)
  switch (`${method} ${verb}`) {
    case 'GET ':
      break
    case 'PATCH ':
      feed.configure(chosen(body.subscription ?? {}, body.updateMask ?? ''))
      break
    case 'POST modifyPushConfig':
      feed.configure({ pushConfig: body.pushConfig ?? {} })
      break
    case 'POST pull':
      return { receivedMessages: feed.take(maxMessages).map(wireOf) }
    case 'POST acknowledge':
      feed.acknowledge(ackIds)
      return {}
    case 'POST modifyAckDeadline':
      feed.extend(ackIds, ackDeadlineSeconds)
      return {}
    default:
      throw new Refusal(404, 'No such method')
  }
  return shown(name, feed.config)
}

function shown(name: string, config: SubscriptionConfig): object {
  return { name, ...config }
}

function chosen(config: Partial<SubscriptionConfig>, mask: string): Partial<SubscriptionConfig> {
  return Object.fromEntries(mask.split(',').map((field) => [field, config[field]]))
}

function storable({ data = '', attributes = {}, orderingKey = '' }: NonNullable<Body['messages']>[number]) {
  if (data === '' && Object.keys(attributes).length === 0) throw new Refusal(400, 'A message needs data or attributes')
  return { data: Buffer.from(data, 'base64'), attributes, orderingKey }
}

/** As REST and push have it: what is empty is left out. */
export function wireOf({ ackId, message, deliveryAttempt }: Delivered): object {
  const { messageId, publishTimeMs, data, attributes, orderingKey } = message
  return {
    ackId,
    ...(deliveryAttempt === undefined ? {} : { deliveryAttempt }),
    message: {
      messageId,
      publishTime: new Date(publishTimeMs).toISOString(),
      ...(data.length === 0 ? {} : { data: data.toString('base64') }),
      ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
      ...(orderingKey === '' ? {} : { orderingKey }),
    },
  }
}
