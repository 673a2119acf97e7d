/** What a process of a fleet is told, as JSON in its only argument. */
export interface Configuration {
  readonly role: 'ingest' | 'worker'
  /** Where the provider is: `POST /send`, `GET /find`. */
  readonly provider: string
  readonly databaseUrl: string
  /** Absent: the ingests write into the database. */
  readonly redis?: { readonly url: string; readonly prefix: string }
  /** For an ingest with a queue: whether it stores what it takes in before it rings. */
  readonly ingestStores?: boolean
  readonly leaseMs: number
  /** How often a job of the queue is tried. Default 10. */
  readonly jobAttempts?: number
  /** For how long calls wait for a database that is away. Default 15,000. */
  readonly retryForMs?: number
  readonly concurrency: number
}
