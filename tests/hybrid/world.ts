// What the tests of the hybrid have in common: a cloud and a desktop, real HTTP between them, and one virtual time.
import {
  type CloudEvent,
  type CloudLinkOptions,
  type CloudPipelineOptions,
  cloudLink,
  cloudPipeline,
} from '@wa-agent/cloud-client'
import {
  type Bot,
  type BotOptions,
  createBot,
  createPipeline,
  defineAgent,
  memoryStorage,
  type Pipeline,
  type Storage,
} from '@wa-agent/core'
import {
  createServer,
  type DesktopTransport,
  type DesktopTransportOptions,
  desktopTransport,
  type Server,
  type ServerOptions,
  sqliteDirectory,
} from '@wa-agent/server'
import { type SimulatedWhatsApp, simulatedWhatsApp, type VirtualClock, virtualClock } from '@wa-agent/testing'
import { type FaultProxy, faultProxy } from './fault-proxy.ts'

export const adminKey = 'k3Jx-9fQm-Zr7T-pLw2'

/** Agents in the cloud that write down what they were asked: each entry would be a call of a model. */
export interface Brain {
  readonly pipeline: Pipeline
  readonly asked: string[]
  /** Set it to make the agents slow: turns wait for it. */
  gate: Promise<void> | undefined
}

export function brain(clock: VirtualClock): Brain {
  const asked: string[] = []
  const state: Brain = {
    asked,
    gate: undefined,
    pipeline: createPipeline({
      agents: [
        defineAgent({
          name: 'shop',
          description: 'Answers.',
          intents: { any: { rules: [/./] } },
          async respond({ messages, text, reply, openMedia, handoff }) {
            asked.push(...messages.map(({ id }) => id))
            await state.gate
            if (text.includes('human')) return handoff('the customer asked for a person')
            if (text.includes('menu')) {
              reply.text('Here you are.')
              reply.buttons('Which one?', [
                { id: 's', title: 'Small' },
                { id: 'l', title: 'Large' },
              ])
              return
            }
            const file = messages.find((message) => 'media' in message)
            if (file && 'media' in file) {
              const bytes = await openMedia(file.media).then(
                (stream) => new Response(stream).text(),
                (error: { code?: string }) => `no file: ${error.code}`,
              )
              return void reply.text(bytes)
            }
            reply.text(`answer to ${text.replaceAll('\n', ' + ')}`)
          },
        }),
      ],
      clock,
      historyLimit: 0,
    }),
  }
  return state
}

/** A cloud that can be stopped and started again on the same storage. */
export interface Cloud extends AsyncDisposable {
  readonly bot: Bot
  readonly server: Server
  readonly transport: DesktopTransport
  readonly directory: ReturnType<typeof sqliteDirectory>
  readonly port: number
  readonly apiKey: string
  stop(): Promise<void>
}

export interface CloudOptions {
  readonly clock: VirtualClock
  readonly pipeline: Pipeline
  readonly storage?: Storage
  readonly directory?: ReturnType<typeof sqliteDirectory>
  readonly apiKey?: string
  readonly bot?: Partial<BotOptions>
  readonly server?: Partial<ServerOptions>
  readonly transport?: DesktopTransportOptions
}

export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { clock, pipeline, storage = memoryStorage({ clock }) } = options
  const directory = options.directory ?? sqliteDirectory({ path: ':memory:', clock })
  const { tenants, keys } = directory
  let { apiKey } = options
  if (apiKey === undefined) {
    await tenants.editor?.putTenant({ id: 'shop', name: 'Shop', timeZone: 'UTC', settings: {} })
    apiKey = (await keys.editor?.create({ name: 'desktop', scope: { type: 'tenant', tenant: 'shop' } }))?.secret ?? ''
  }
  const transport = desktopTransport({ tenant: 'shop', ...options.transport })
  const bot = createBot({ transports: [transport], storage, pipeline, clock, random: () => 0.5, ...options.bot })
  const server = createServer({
    bot,
    transports: [transport],
    adminKey,
    keys,
    tenants,
    clock,
    limits: { key: false, address: false },
    stopTimeoutMs: 1000,
    ...options.server,
  })
  await bot.start()
  const { port } = await server.start()
  let isStopped = false
  const stop = async () => {
    if (isStopped) return
    isStopped = true
    await finish(clock, server.stop())
    await finish(clock, bot.stop())
  }
  return { bot, server, transport, directory, port, apiKey, stop, [Symbol.asyncDispose]: stop }
}

/** A PC with a WhatsApp and a bot whose agents are in the cloud. */
export interface Desktop extends AsyncDisposable {
  readonly bot: Bot
  readonly whatsApp: SimulatedWhatsApp
  readonly pipeline: ReturnType<typeof cloudPipeline>
  readonly events: readonly CloudEvent[]
  stop(): Promise<void>
}

export interface DesktopOptions {
  readonly clock: VirtualClock
  readonly url: string
  readonly apiKey: string
  readonly storage?: Storage
  readonly whatsApp?: SimulatedWhatsApp
  readonly pipeline?: Partial<CloudPipelineOptions>
  /** `false`: without a link. */
  readonly link?: Partial<CloudLinkOptions> | false
}

export async function startDesktop(options: DesktopOptions): Promise<Desktop> {
  const { clock, url, apiKey, storage = memoryStorage({ clock }) } = options
  const whatsApp = options.whatsApp ?? simulatedWhatsApp({ clock })
  const events: CloudEvent[] = []
  const random = () => 0.5
  const pipeline = cloudPipeline({
    ...{ url, tenantId: 'shop', apiKey, clock, random },
    maxAgeMs: Number.POSITIVE_INFINITY,
    onEvent: (event) => events.push(event),
    ...options.pipeline,
  })
  const bot = createBot({ transports: [whatsApp.transport], storage, pipeline, clock, random })
  const link =
    options.link === false
      ? undefined
      : cloudLink({
          pipeline,
          bot,
          transport: whatsApp.transport,
          random,
          phone: '+91 98',
          device: 'PC',
          ...options.link,
        })
  await bot.start()
  link?.start()
  let isStopped = false
  const stop = async () => {
    if (isStopped) return
    isStopped = true
    if (link) await finish(clock, link.stop())
    await finish(clock, bot.stop())
  }
  return { bot, whatsApp, pipeline, events, stop, [Symbol.asyncDispose]: stop }
}

/** A cloud, a network and a desktop. */
export interface Hybrid extends AsyncDisposable {
  readonly clock: VirtualClock
  readonly mind: Brain
  readonly cloud: Cloud
  readonly network: FaultProxy
  readonly desktop: Desktop
}

export async function startHybrid(
  options: {
    readonly clock?: VirtualClock
    readonly cloud?: Partial<CloudOptions>
    readonly desktop?: Partial<DesktopOptions>
  } = {},
): Promise<Hybrid> {
  const clock = options.clock ?? virtualClock()
  const mind = brain(clock)
  const cloud = await startCloud({ clock, pipeline: mind.pipeline, ...options.cloud })
  const network = await faultProxy(cloud.port)
  const desktop = await startDesktop({ clock, url: network.url, apiKey: cloud.apiKey, ...options.desktop })
  return {
    ...{ clock, mind, cloud, network, desktop },
    async [Symbol.asyncDispose]() {
      await desktop.stop()
      network.cut()
      await cloud.stop()
      await network[Symbol.asyncDispose]()
    },
  }
}

const realLimitMs = 25_000

/** Lets virtual time pass, slowly enough for real sockets, until the condition holds. */
export async function until(
  clock: VirtualClock,
  condition: () => boolean | Promise<boolean>,
  stepMs = 100,
): Promise<void> {
  const deadline = performance.now() + realLimitMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('What was waited for has not happened.')
    await sockets()
    await clock.advance(stepMs)
  }
}

/** Lets so much virtual time pass. */
export async function pass(clock: VirtualClock, ms: number, stepMs = 250): Promise<void> {
  const endMs = clock.now() + ms
  await until(clock, () => clock.now() >= endMs, stepMs)
}

/** Lets time pass until the work has ended. */
export async function finish<Value>(clock: VirtualClock, work: Promise<Value>): Promise<Value> {
  let ended = false
  const end = () => {
    ended = true
  }
  work.then(end, end)
  await until(clock, () => ended)
  return work
}

/** What travels on this machine arrives within some rounds of the event loop. */
async function sockets(): Promise<void> {
  const untilMs = performance.now() + 4
  do await new Promise((resolve) => setImmediate(resolve))
  while (performance.now() < untilMs)
}

/** Asks the cloud as somebody else's client would. */
export async function ask(
  port: number,
  path: string,
  { key, json, ...init }: RequestInit & { readonly key?: string; readonly json?: unknown } = {},
): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, {
    ...init,
    headers: {
      ...(key === undefined ? {} : { 'x-api-key': key }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(init.headers as Record<string, string>),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    ...(json === undefined || init.method ? {} : { method: 'POST' }),
  })
}
