import { outboundMessageSchema } from '@wa-agent/core'
import { z } from 'zod'
import { notFound, Problem } from './problem.ts'
import {
  channelOf,
  check,
  type Deps,
  type Methods,
  type RequestContext,
  readJson,
  tenantOf,
} from './request-context.ts'

const conversation = { tenant: z.string().optional(), channel: z.string(), chat: z.string().min(1).max(1024) }
const releaseSchema = z.object(conversation)
const handoffSchema = z.object({
  ...conversation,
  reason: z.string().min(1).max(500).optional(),
  forMs: z.number().int().positive().optional(),
})
const messageSchema = z.object({
  ...conversation,
  message: outboundMessageSchema,
  /** Said twice with one id it goes out once. */
  id: z.string().min(1).max(200).optional(),
})
const listSchema = z.object({
  tenant: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})

/**
 * What people do with a bot at work: look after dead letters, take conversations over, say something. Chats are named in
 * bodies, since they are phone numbers and paths are logged by proxies.
 */
export function botRoutes(deps: Deps): Readonly<Record<string, Methods>> {
  const { settings } = deps
  const { bot } = settings
  const letterOf = async (context: RequestContext): Promise<string> => {
    const id = context.req.param('id') ?? ''
    const tenant = tenantOf(context, undefined)
    if (tenant === undefined) return id
    const letters = await bot.deadLetters.list({ tenant })
    if (!letters.some((letter) => letter.id === id)) throw notFound()
    return id
  }
  const conversationOf = (context: RequestContext, asked: z.output<typeof releaseSchema>) => {
    const { tenant, channel } = channelOf(context, settings, asked)
    return { tenant, channel, chat: asked.chat }
  }
  return {
    '/api/dead-letters': {
      async GET(context) {
        const { tenant: asked, limit } = check(listSchema, context.req.query())
        const tenant = tenantOf(context, asked)
        const deadLetters = await bot.deadLetters.list({ limit, ...(tenant === undefined ? {} : { tenant }) })
        return context.json({ deadLetters })
      },
    },
    '/api/dead-letters/:id': {
      async DELETE(context) {
        await bot.deadLetters.discard(await letterOf(context))
        return context.body(null, 204)
      },
    },
    '/api/dead-letters/:id/retry': {
      async POST(context) {
        await bot.deadLetters.retry(await letterOf(context))
        return context.body(null, 204)
      },
    },
    '/api/conversations/handoff': {
      async POST(context) {
        const { reason, forMs, ...asked } = await readJson(context, deps, handoffSchema)
        await bot.handoff(conversationOf(context, asked), {
          ...(reason === undefined ? {} : { reason }),
          ...(forMs === undefined ? {} : { forMs }),
        })
        return context.body(null, 204)
      },
    },
    '/api/conversations/release': {
      async POST(context) {
        await bot.release(conversationOf(context, await readJson(context, deps, releaseSchema)))
        return context.body(null, 204)
      },
    },
    '/api/messages': {
      async POST(context) {
        const { message, id = settings.createId(), ...asked } = await readJson(context, deps, messageSchema)
        refuseFiles(message)
        return context.json({ id: await bot.send(conversationOf(context, asked), message, { id }) }, 202)
      },
    },
  }
}

/** A path would name a file of this machine, which is not the tenant's to send. */
function refuseFiles(message: z.output<typeof outboundMessageSchema>): void {
  if (!('media' in message) || !('path' in message.media)) return
  throw new Problem(400, 'bad-request', { detail: 'Expected "media" with a `url` or `base64`, not a `path`.' })
}
