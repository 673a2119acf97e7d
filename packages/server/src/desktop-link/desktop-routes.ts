import { Readable } from 'node:stream'
import type { z } from 'zod'
import { Problem, tooLarge } from '../problem.ts'
import { check, type Deps, type Handler, type Methods, type RequestContext, readJson } from '../request-context.ts'
import { mustBeCurrent, mustHaveChannel } from './current-session.ts'
import type { DesktopTransport } from './desktop-transport.ts'
import type { Desktops } from './desktops.ts'
import { openApiDocument } from './openapi.ts'
import { type Operation, operations } from './operations.ts'
import { processMessageHandler } from './process-message.ts'
import {
  aboutSchema,
  ackSchema,
  commandSchema,
  heartbeatSchema,
  pollSchema,
  protocolVersion,
  registerSchema,
} from './protocol.ts'
import { stillAllowed } from './still-allowed.ts'
import { eventStream, poll } from './streams.ts'

type Handlers = Readonly<Record<keyof typeof operations, Handler>>

/** What desktops ask, by path. */
export function desktopRoutes(deps: Deps, desktops: Desktops): Readonly<Record<string, Methods>> {
  const handlers: Handlers = {
    processMessage: processMessageHandler(deps, desktops),
    ...presence(deps, desktops),
    ...outbound(deps, desktops),
    uploadMedia: uploadHandler(deps, desktops),
    describe: describeHandler(),
  }
  const routes: Record<string, Methods> = {}
  for (const [id, { method, path }] of Object.entries<Operation>(operations))
    routes[path] = { ...routes[path], [method]: handlers[id as keyof Handlers] }
  return routes
}

function presence(deps: Deps, desktops: Desktops): Pick<Handlers, 'register' | 'heartbeat' | 'status'> {
  const { settings } = deps
  return {
    async register(context) {
      const {
        tenantId,
        channel,
        session: _,
        protocol: __,
        ...registration
      } = await readJson(context, deps, registerSchema)
      const transport = await desktops.find(context, { tenantId, channel })
      const session = settings.createId()
      await transport.desk.register(session, registration)
      const { heartbeatEveryMs, offlineAfterMs } = transport.desk.times
      return context.json({
        protocol: protocolVersion,
        session,
        channel: transport.channel,
        heartbeatEveryMs,
        offlineAfterMs,
        media: await mayUpload(deps, transport),
        maxMediaBytes: settings.desktop.media?.maxBytes ?? 0,
        paused: transport.desk.record.paused,
      })
    },
    async heartbeat(context) {
      const { tenantId, channel, session, phone, ...vitals } = await readJson(context, deps, heartbeatSchema)
      const transport = await desktops.find(context, { tenantId, channel })
      const { desk } = transport
      mustBeCurrent(desk, session)
      if (phone !== undefined) await desk.rename(phone)
      desk.seen(session, vitals)
      const { heartbeatEveryMs } = desk.times
      const { paused } = desk.record
      const media = await mayUpload(deps, transport)
      return context.json({ protocol: protocolVersion, heartbeatEveryMs, media, paused })
    },
    async status(context) {
      const { channel } = check(aboutSchema.pick({ channel: true }), context.req.query())
      const transport = await desktops.find(context, { tenantId: context.req.param('tenantId') ?? '', channel })
      return context.json(statusOf(transport))
    },
  }
}

function statusOf({ tenant, channel, desk }: DesktopTransport) {
  const { phone = null, device = null, version = null, lastSeenMs = null, paused } = desk.record
  const { whatsApp = null, queueDepth = null, battery = null } = desk.vitals
  const wasThere = lastSeenMs === null ? 'never' : 'offline'
  return {
    protocol: protocolVersion,
    tenantId: tenant,
    channel,
    status: desk.isOnline ? 'online' : wasThere,
    reachable: desk.isConnected,
    paused,
    phone,
    device,
    version,
    lastSeenMs,
    whatsApp,
    queueDepth,
    battery,
  }
}

function outbound(deps: Deps, desktops: Desktops): Pick<Handlers, 'stream' | 'outbound' | 'ack' | 'command'> {
  const { settings } = deps
  const { clock } = settings
  const begin = async (context: RequestContext, asked: z.output<typeof aboutSchema>) => {
    const transport = await desktops.find(context, asked)
    const { desk } = transport
    mustHaveChannel(desk, asked.session)
    desk.seen(asked.session)
    const mayHear = async () => (await desktops.serves(transport)) && (await stillAllowed(context, deps))
    return { desk, mayHear }
  }
  return {
    async stream(context) {
      const { desk, mayHear } = await begin(context, check(aboutSchema, context.req.query()))
      const last = context.req.header('last-event-id')
      if (last !== undefined) await desk.acknowledgeThrough(decodeId(last))
      return eventStream(desk, { clock, mayHear })
    },
    async outbound(context) {
      const { wait, cursor, ...asked } = check(pollSchema, context.req.query())
      const { desk, mayHear } = await begin(context, asked)
      if (cursor !== undefined) await desk.acknowledgeThrough(cursor)
      const events = await poll(desk, { clock, waitMs: wait * 1000, signal: context.req.raw.signal })
      // Who waited for so long may hear them no more; the next poll is told why.
      return context.json({ events: (await mayHear()) ? events : [] })
    },
    async ack(context) {
      const { ids, failed, ...asked } = await readJson(context, deps, ackSchema)
      const { desk } = await begin(context, asked)
      return context.json({ acknowledged: await desk.acknowledge(ids, failed) })
    },
    async command(context) {
      const { type, reason, ...asked } = await readJson(context, deps, commandSchema)
      const { desk } = await desktops.find(context, asked)
      const id = settings.createId()
      await desk.order(id, type === 'pause' ? { type, ...(reason === undefined ? {} : { reason }) } : { type })
      return context.json({ id }, 202)
    },
  }
}

/** Streams write ids so that they fit on a line. */
function decodeId(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}

/** A file leaves the PC only where the server has a place for it and the tenant wants it. */
async function mayUpload({ settings }: Deps, { tenant }: DesktopTransport): Promise<boolean> {
  if (!settings.desktop.media) return false
  return !settings.tenants || (await settings.tenants.tenant(tenant))?.settings.desktopMedia === true
}

const sweepEveryMs = 3_600_000

function uploadHandler(deps: Deps, desktops: Desktops): Handler {
  const { clock, desktop } = deps.settings
  let sweptAtMs = Number.NEGATIVE_INFINITY
  return async (context) => {
    const asked = check(aboutSchema, context.req.query())
    const transport = await desktops.find(context, asked)
    mustBeCurrent(transport.desk, asked.session)
    const { media } = desktop
    if (!media || !(await mayUpload(deps, transport))) throw noMedia()
    if (Number(context.req.header('content-length') ?? 0) > media.maxBytes) throw tooLarge(media.maxBytes)
    if (clock.now() - sweptAtMs > sweepEveryMs) {
      sweptAtMs = clock.now()
      await media.sweep(sweptAtMs)
    }
    const { tenant, channel } = transport
    const body = context.req.raw.body ?? (Readable.toWeb(Readable.from([])) as ReadableStream<Uint8Array>)
    const sizeBytes = await media.put({ tenant, channel }, context.req.param('id') ?? '', body)
    return context.json({ sizeBytes }, 201)
  }
}

function describeHandler(): Handler {
  let document: ReturnType<typeof openApiDocument> | undefined
  return async (context) => {
    document ??= openApiDocument()
    return context.json(document)
  }
}

function noMedia(): Problem {
  return new Problem(403, 'forbidden', {
    detail: 'Files may not be uploaded for this tenant. Send the message without its file, or set "desktopMedia".',
  })
}
