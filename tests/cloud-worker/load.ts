import type { Accepted } from './checks.ts'
import { post, webhookOf } from './post.ts'
import { keptAs, type Provider, providers, type Said, type TransportName } from './providers.ts'
import type { RevivedWorker } from './revived-worker.ts'
import type { Json } from './sink.ts'

/** So many chats with so many messages each. Spoki takes two messages a second. */
const sizes: Readonly<Record<TransportName, { readonly chats: number; readonly messages: number }>> = {
  'cloud-api': { chats: 8, messages: 8 },
  maytapi: { chats: 4, messages: 3 },
  aisensy: { chats: 4, messages: 3 },
  spoki: { chats: 2, messages: 2 },
}
// Answered with plain texts of their own, by which a provider's echo tells what went out.
const questions = ['what are your opening hours?', 'how much is delivery?', 'where are you?']

/** What one customer writes, in this order. */
export interface Lane {
  readonly provider: Provider
  readonly said: readonly Said[]
}

/** All that is said in a round; ids that no other round has. */
export function lanesOf(round: number): Lane[] {
  return Object.values(providers).flatMap((provider, kind) => {
    const { chats, messages } = sizes[provider.name]
    return Array.from({ length: chats }, (_, chat) => ({
      provider,
      said: Array.from({ length: messages }, (_, index) => ({
        id: [round, kind, chat, index].map((part) => String(part).padStart(8, '0')).join(''),
        from: `49155${kind}0${round}${String(chat).padStart(4, '0')}`,
        text: questions[index % questions.length] ?? '',
      })),
    }))
  })
}

export function acceptedOf({ provider: { name: channel }, said }: Lane): Accepted[] {
  return said.map((one) => ({ channel, ...keptAs(channel, one) }))
}

/** Delivers as a provider does: a customer's next message after the one before, some twice, each until it is answered 200. */
export async function talk(worker: RevivedWorker, { provider, said }: Lane, random: () => number): Promise<number> {
  let deliveries = 0
  for (let begin = 0; begin < said.length; ) {
    const batch = said.slice(begin, begin + 1 + Math.floor(random() * 3))
    begin += batch.length
    for (const json of provider.inbound(batch)) {
      deliveries += await insist(worker, provider, json)
      if (random() < 0.3) deliveries += await insist(worker, provider, json)
    }
  }
  return deliveries
}

/** Posts until the answer is 200; resolves with how often that was. */
export async function insist(worker: RevivedWorker, provider: Provider, json: Json): Promise<number> {
  for (let deliveries = 1; deliveries < 1000; deliveries += 1) {
    const { url } = await worker.running()
    const answer = post(url, webhookOf(provider, json)).catch(() => 'no answer' as const)
    setImmediate(() => worker.passes('on-webhook'))
    const status = await answer
    if (status === 200) return deliveries
    if (status !== 503 && status !== 'no answer') throw new Error(`A webhook was answered with ${status}.`)
  }
  throw new Error('A webhook was never answered with 200.')
}

/** The same in an order that `random` decides. */
export function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ item }) => item)
}
