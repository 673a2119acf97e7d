import { type ChannelKey, type ConversationKey, channelId, describeError, type Handoff } from '@wa-agent/core'
import type { Settings } from '../options.ts'
import { notFound, Problem } from '../problem.ts'
import { type RequestContext, tenantOf } from '../request-context.ts'
import type { TenantChannel } from '../tenants.ts'
import type { Desk } from './desk.ts'
import { type DesktopTransport, isDesktopTransport } from './desktop-transport.ts'
import { wireHandoff } from './handoff.ts'

/** The kind of channel in a directory that a desktop serves. */
export const desktopKind = 'desktop'
/** A sign of life is written down at most this often. */
const noteEveryMs = 10_000

/** The desktops of a server: finds the one that a request is about, and adds those of channels made while it runs. */
export class Desktops {
  readonly #settings: Settings
  readonly #adding = new Map<string, Promise<DesktopTransport>>()
  readonly #noted = new Map<string, { readonly status: string; readonly atMs: number }>()
  /** Chats whose handoff is changed on behalf of their desktop: it needs no order about it. */
  readonly #adopting = new Set<string>()

  constructor(settings: Settings) {
    this.#settings = settings
    for (const transport of settings.transports) if (isDesktopTransport(transport)) this.#serve(transport)
    const { bot } = settings
    bot.on('handoff-started', ({ conversation, handoff }) => {
      if (handoff.by === 'person') this.#order(conversation, handoff)
    })
    bot.on('handoff-released', ({ conversation, by }) => {
      if (by === 'person') this.#order(conversation, undefined)
    })
  }

  /** The desktop that a request is about, if its key may see it; a 404 for every other. */
  async find(
    context: RequestContext,
    { tenantId, channel }: { readonly tenantId: string; readonly channel?: string | undefined },
  ): Promise<DesktopTransport> {
    const tenant = tenantOf(context, tenantId) ?? tenantId
    const found = this.#running(tenant, channel) ?? (await this.#fromDirectory(tenant, channel))
    if (!found) throw notFound()
    return found
  }

  /** Serves a channel of the directory from now on; one that is served already stays as it is. */
  async add({ tenant, channel }: ChannelKey): Promise<DesktopTransport> {
    const known = this.#running(tenant, channel)
    if (known) return known
    const id = channelId({ tenant, channel })
    const adding = this.#adding.get(id) ?? this.#add({ tenant, channel }).finally(() => this.#adding.delete(id))
    this.#adding.set(id, adding)
    return adding
  }

  /** A channel was put into the directory: a desktop's takes effect at once. */
  async added(channel: TenantChannel): Promise<void> {
    if (channel.transport === desktopKind) await this.add(channel)
  }

  /** Makes the cloud know of a handoff what the desktop says, without telling the desktop. */
  async adopt(conversation: ConversationKey, handoff: Handoff | undefined): Promise<void> {
    const { bot, clock } = this.#settings
    const id = chatId(conversation)
    this.#adopting.add(id)
    try {
      if (!handoff) await bot.release(conversation)
      else {
        const forMs = handoff.untilMs === undefined ? {} : { forMs: handoff.untilMs - clock.now() }
        await bot.handoff(conversation, { reason: handoff.reason, ...forMs })
      }
    } finally {
      this.#adopting.delete(id)
    }
  }

  /** Ends all streams. The desktops will come again. */
  hangUp(): void {
    for (const transport of this.#settings.transports) if (isDesktopTransport(transport)) transport.desk.hangUp()
  }

  #running(tenant: string, channel: string | undefined): DesktopTransport | undefined {
    const all = this.#settings.transports.filter(isDesktopTransport).filter((one) => one.tenant === tenant)
    if (channel !== undefined) return all.find((one) => one.channel === channel)
    if (all.length > 1) throw whichChannel()
    return all[0]
  }

  async #fromDirectory(tenant: string, channel: string | undefined): Promise<DesktopTransport | undefined> {
    const rows = (await this.#settings.tenants?.channels(tenant)) ?? []
    const all = rows.filter((row) => row.transport === desktopKind)
    const wanted = channel === undefined ? all : all.filter((row) => row.channel === channel)
    if (wanted.length > 1) throw whichChannel()
    return wanted[0] && this.add(wanted[0])
  }

  async #add(key: ChannelKey): Promise<DesktopTransport> {
    const { bot, desktop, transports } = this.#settings
    const transport = desktop.transport(key)
    await bot.addTransport(transport)
    transports.push(transport)
    this.#serve(transport)
    return transport
  }

  #serve(transport: DesktopTransport): void {
    transport.serve({ media: this.#settings.desktop.media, onChange: (desk) => this.#note(desk) })
  }

  /** Writes the status into the directory, where it has columns for it. */
  #note({ key, record, isOnline }: Desk): void {
    const { tenants, logger } = this.#settings
    const { lastSeenMs } = record
    if (!tenants?.noteDesktopAgent || lastSeenMs === undefined) return
    const { phone, device } = record
    const status = isOnline ? 'online' : 'offline'
    const seen = JSON.stringify([status, phone, device])
    const noted = this.#noted.get(channelId(key))
    if (noted?.status === seen && lastSeenMs - noted.atMs < noteEveryMs) return
    this.#noted.set(channelId(key), { status: seen, atMs: lastSeenMs })
    tenants
      .noteDesktopAgent(key.tenant, { status, phone: phone ?? null, device: device ?? null, lastSeenMs })
      .catch((error: unknown) => logger.warn({ ...key, error: describeError(error) }, 'a desktop could not be noted'))
  }

  /** A person decided something in the cloud: the desktop must do the same. */
  #order(conversation: ConversationKey, handoff: Handoff | undefined): void {
    const { tenant, channel, chat } = conversation
    const desk = this.#settings.transports
      .filter(isDesktopTransport)
      .find((one) => one.tenant === tenant && one.channel === channel)?.desk
    if (!desk || this.#adopting.has(chatId(conversation))) return
    const order = handoff
      ? ({ type: 'handoff', chat, handoff: wireHandoff(handoff) } as const)
      : ({ type: 'release', chat } as const)
    desk
      .order(this.#settings.createId(), order)
      .catch((error: unknown) =>
        this.#settings.logger.error({ tenant, channel, error: describeError(error) }, 'an order could not be kept'),
      )
  }
}

function chatId({ tenant, channel, chat }: ConversationKey): string {
  return `${tenant}/${channel}/${chat}`
}

function whichChannel(): Problem {
  return new Problem(400, 'bad-request', { detail: 'Expected "channel": this tenant has several desktops.' })
}
