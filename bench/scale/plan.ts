/** What a process of the bench is told, as JSON in its only argument. */
export interface Plan {
  readonly part: 'ingest' | 'worker' | 'bare-ingest' | 'bare-worker'
  readonly messages: number
  readonly conversations: number
  /** So many messages are on their way into the queue or the database at once. */
  readonly window: number
  readonly databaseUrl: string
  /** Absent: the ingest writes into the database. */
  readonly redis?: { readonly url: string; readonly prefix: string }
}

/** What a process tells its parent. Times in milliseconds since 1970. */
export type Told =
  | { readonly type: 'ready' }
  | { readonly type: 'began'; readonly atMs: number }
  | { readonly type: 'ended'; readonly atMs: number }
  /** So many messages more have come out. */
  | { readonly type: 'sunk'; readonly count: number; readonly atMs: number }
