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
  /** Channels that are, or were, in the directory: one that is taken out of it is served no more. */
  readonly #listed = new Set<string>()
  /** Ends when those are known that were there at the start. */
  readonly #listing: Promise<unknown>
  readonly #noted = new Map<string, { readonly status: string; readonly atMs: number }>()
  /** Chats whose handoff is changed on behalf of their desktop: it needs no order about it. */
  readonly #adopting = new Set<string>()

  constructor(settings: Settings) {
    this.#settings = settings
    for (const transport of settings.transports) if (isDesktopTransport(transport)) this.#serve(transport)
    const { bot, tenants } = settings
    // What cannot be read now is read with the first request.
    this.#listing = Promise.resolve(tenants?.channels()).then(
      (rows) => this.#list(rows ?? []),
      () => undefined,
    )
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
    const all = await this.#served(tenant)
    const wanted = channel === undefined ? all : all.filter((one) => one === channel)
    const [found, other] = wanted
    if (found === undefined) throw notFound()
    if (other !== undefined) throw whichChannel()
    return this.#open({ tenant, channel: found })
  }

  /** Whether the channel of a desktop is still there: it may have been taken out of the directory. */
  async serves({ tenant, channel }: ChannelKey): Promise<boolean> {
    return (await this.#served(tenant)).includes(channel)
  }

  /** Serves a channel of the directory from now on; one that is served already stays as it is. */
  async add(channel: ChannelKey): Promise<void> {
    this.#listed.add(channelId(channel))
    await this.#open(channel)
  }

  async #open({ tenant, channel }: ChannelKey): Promise<DesktopTransport> {
    const known = this.#running({ tenant, channel })
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

  /** The desktop channels of a tenant: what the directory has now, and what comes from configuration. */
  async #served(tenant: string): Promise<string[]> {
    await this.#listing
    const { tenants, transports } = this.#settings
    const rows = this.#list((await tenants?.channels(tenant)) ?? [])
    const running = transports.filter(isDesktopTransport).filter((one) => one.tenant === tenant)
    const configured = running.filter((one) => !this.#listed.has(channelId(one)))
    return [...rows, ...configured].map(({ channel }) => channel)
  }

  /** Those of desktops, from now on known to be the directory's. */
  #list(rows: readonly TenantChannel[]): TenantChannel[] {
    const ofDesktops = rows.filter(({ transport }) => transport === desktopKind)
    for (const row of ofDesktops) this.#listed.add(channelId(row))
    return ofDesktops
  }

  #running({ tenant, channel }: ChannelKey): DesktopTransport | undefined {
    return this.#settings.transports
      .filter(isDesktopTransport)
      .find((one) => one.tenant === tenant && one.channel === channel)
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
    const desk = this.#running(conversation)?.desk
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
