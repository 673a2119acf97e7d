import type { ContactAlias, InboundMessageInput } from '@wa-agent/core'

type BothIds = { readonly phone?: string; readonly lid?: string }

const mostRemembered = 10_000

/** Tells the other id of a person: WhatsApp knows everybody by phone and by LID, and uses now the one, now the other. */
export class Contacts {
  readonly #known = new Map<string, BothIds>()

  /** The message with all names of who wrote it. `ask` is asked once for each person; where it fails, there is one name. */
  async named(message: InboundMessageInput, ask: (id: string) => Promise<BothIds>): Promise<InboundMessageInput> {
    const { id } = message.from
    if (message.fromMe || !/@(?:c\.us|lid)$/.test(id)) return message
    const ids = this.#known.get(id) ?? (await ask(id).catch((): BothIds => ({})))
    if (ids.phone && ids.lid) this.#remember(id, ids)
    const aliases: ContactAlias[] = []
    const phone = ids.phone ?? (id.endsWith('@c.us') ? id : undefined)
    const lid = ids.lid ?? (id.endsWith('@lid') ? id : undefined)
    if (phone) aliases.push({ kind: 'phone', value: phone })
    if (lid) aliases.push({ kind: 'lid', value: lid })
    return { ...message, from: { ...message.from, aliases } }
  }

  #remember(id: string, ids: BothIds): void {
    for (const oldest of this.#known.keys()) {
      if (this.#known.size < mostRemembered) break
      this.#known.delete(oldest)
    }
    this.#known.set(id, ids)
  }
}
