import type { Channels } from './channels.ts'
import type { Database } from './database.ts'
import type { Doorbell } from './doorbell.ts'
import type { Settings } from './options.ts'

/** What everything works with. */
export interface Parts {
  readonly settings: Settings
  readonly database: Database
  readonly channels: Channels
  readonly doorbell: Doorbell
}
