/** A message that Pub/Sub handed over, however it did. */
export interface Delivery {
  /** Pub/Sub's id of the message: the same at every delivery. */
  readonly messageId: string
  readonly data: Buffer
  readonly attributes: Readonly<Record<string, string>>
  /** Its ordering key: such messages are handled one at a time, in the order in which they came. */
  readonly group: string | undefined
  /** Whether it can stay in hand from one attempt to the next: a push cannot, its answer is how it ends. */
  readonly canStay: boolean
  /** Which delivery this is, where Pub/Sub counts. */
  readonly counted: number | undefined
  /** Tells Pub/Sub once: `true`, never again; `false`, again later. */
  settle(done: boolean): void
}
