import { expect } from 'vitest'
import type { TransportName } from './providers.ts'
import { type KeptReply, readRecords } from './records.ts'
import type { Sent } from './sink.ts'

/** A message that the worker acknowledged, in the order in which its chat's were. `id` is the worker's. */
export interface Accepted {
  readonly channel: TransportName
  readonly chat: string
  readonly id: string
}

/**
 * Every message was answered by one turn, every reply went out once, and each chat's in the order of its messages. Those in
 * `late` were said again by a person, after others.
 */
export function checkAnswers(
  database: string,
  { accepted, sent, late = new Set() }: { accepted: readonly Accepted[]; sent: readonly Sent[]; late?: Set<string> },
): void {
  const { messages, replies } = readRecords(database)
  const keptIds = messages.map(({ channel, id }) => `${channel} ${id}`)
  expect(keptIds.toSorted()).toEqual(accepted.map(({ channel, id }) => `${channel} ${id}`).toSorted())
  expect(messages.filter(({ status }) => status !== 1)).toEqual([])
  // What the provider took and could not deliver is a dead letter.
  const isSent = ({ status, delivery }: KeptReply) => status === (delivery === 1 ? 3 : 2)
  expect(replies.filter((reply) => !isSent(reply))).toEqual([])
  const heard = sent.map((one) => replyOf(one, replies))
  expect(heard.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(replies.map(({ seq }) => seq))
  checkTurns(accepted, replies)
  for (const chat of new Set(accepted.map(chatOf))) {
    const mine = accepted.filter((one) => chatOf(one) === chat).map(({ id }) => id)
    const seqs = heard.filter((one) => chatOf(one) === chat && !late.has(one.id)).map(({ seq }) => seq)
    expect(seqs, `the order of replies to ${chat}`).toEqual(seqs.toSorted((a, b) => a - b))
    const answered = replies.filter((one) => chatOf(one) === chat).flatMap(({ inReplyTo }) => inReplyTo)
    expect([...new Set(answered)], `the order of answers in ${chat}`).toEqual(mine)
  }
}

const chatOf = ({ channel, chat }: { readonly channel: string; readonly chat: string }) => `${channel} ${chat}`

/** The reply that a provider accepted: by our id, or by the provider's. */
export function replyOf(one: Sent, replies: readonly KeptReply[]): KeptReply {
  const found = replies.find(
    ({ channel, id, providerId }) =>
      channel === one.provider &&
      (id === one.replyId || (providerId !== null && [one.providerId, one.echoId].includes(providerId))),
  )
  if (!found) throw new Error(`A provider was sent what is no reply: ${one.provider} ${one.providerId}`)
  return found
}

/** A turn may say several things; all of them answer the same messages. */
function checkTurns(accepted: readonly Accepted[], replies: readonly KeptReply[]): void {
  const turns = new Map<string, Set<string>>()
  for (const { channel, inReplyTo } of replies) {
    for (const id of inReplyTo) {
      const message = `${channel} ${id}`
      turns.set(message, (turns.get(message) ?? new Set()).add(inReplyTo.join()))
    }
  }
  expect(turns.size).toBe(accepted.length)
  expect([...turns].filter(([, answers]) => answers.size !== 1)).toEqual([])
}
