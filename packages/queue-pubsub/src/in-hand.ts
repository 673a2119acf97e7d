import type { Delivery } from './delivery.ts'

/** Who took a delivery in hand. */
export interface Holder {
  /** The delivery is given back: it must not begin any more. */
  drop(delivery: Delivery): void
  /** One of its deliveries may have become the first of its group. */
  wake(): void
}

/**
 * What this process has in hand, for all consumers of a queue. Deliveries of one group stand in the order in which they
 * came; only the first may begin.
 */
export interface InHand {
  /** Whether a message has company: another of its group is in hand. */
  follows(delivery: Pick<Delivery, 'group' | 'messageId'>): boolean
  /** Tells `false` where the message is in hand already, as Pub/Sub may deliver it twice: it ends as the other delivery ends. */
  take(delivery: Delivery, holder: Holder): boolean
  isFirst(delivery: Delivery): boolean
  begin(delivery: Delivery): void
  /** It failed, and stays in hand for its next attempt. */
  keep(delivery: Delivery): void
  end(delivery: Delivery, done: boolean): void
  /** Gives a delivery back, and those of its group that came later: handled here before it comes again, they would overtake. */
  giveBack(delivery: Delivery): void
  /** The same with all that a holder has; what follows a job at work stays until that one has ended. */
  giveBackAll(holder: Holder): void
}

interface Entry {
  readonly delivery: Delivery
  readonly holder: Holder
  readonly twins: Delivery[]
  atWork: boolean
}

export function createInHand(): InHand {
  /** A message without group is a group of its own. */
  const groups = new Map<string, Entry[]>()
  const groupOf = ({ group, messageId }: Pick<Delivery, 'group' | 'messageId'>) =>
    group === undefined ? `message ${messageId}` : `group ${group}`
  const entriesOf = (delivery: Pick<Delivery, 'group' | 'messageId'>): readonly Entry[] =>
    groups.get(groupOf(delivery)) ?? []
  const entryOf = (delivery: Delivery) => entriesOf(delivery).find((entry) => entry.delivery === delivery)

  const remove = (entry: Entry, done: boolean): void => {
    const key = groupOf(entry.delivery)
    const left = entriesOf(entry.delivery).filter((other) => other !== entry)
    if (left.length > 0) groups.set(key, left)
    else groups.delete(key)
    for (const delivery of [entry.delivery, ...entry.twins]) delivery.settle(done)
  }
  /** The first one first: that is the order in which the emulator delivers them again. */
  const giveBackFrom = (entries: readonly Entry[], isFirst: (entry: Entry) => boolean): void => {
    const from = entries.findIndex(isFirst)
    for (const entry of from < 0 ? [] : entries.slice(from)) {
      entry.holder.drop(entry.delivery)
      remove(entry, false)
    }
  }
  const mark = (delivery: Delivery, atWork: boolean): void => {
    const entry = entryOf(delivery)
    if (entry) entry.atWork = atWork
  }

  return {
    follows: (delivery) => entriesOf(delivery).some((entry) => entry.delivery.messageId !== delivery.messageId),
    take(delivery, holder) {
      const entries = entriesOf(delivery)
      const same = entries.find((entry) => entry.delivery.messageId === delivery.messageId)
      if (same) same.twins.push(delivery)
      else groups.set(groupOf(delivery), [...entries, { delivery, holder, twins: [], atWork: false }])
      return same === undefined
    },
    isFirst: (delivery) => entriesOf(delivery)[0]?.delivery === delivery,
    begin: (delivery) => mark(delivery, true),
    keep: (delivery) => mark(delivery, false),
    end(delivery, done) {
      const entry = entryOf(delivery)
      if (!entry) return
      remove(entry, done)
      entriesOf(delivery)[0]?.holder.wake()
    },
    giveBack(delivery) {
      giveBackFrom(entriesOf(delivery), (entry) => entry.delivery === delivery)
    },
    giveBackAll(holder) {
      for (const entries of [...groups.values()])
        if (!entries.some(({ atWork }) => atWork)) giveBackFrom(entries, (entry) => entry.holder === holder)
    },
  }
}
