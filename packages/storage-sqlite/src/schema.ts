import type { DatabaseSync } from 'node:sqlite'
import { WaAgentError } from '@wa-agent/core'

/** Marks a file as ours ("wagt"), so that the database of another program is never touched. */
const applicationId = 0x77616774

/**
 * Forward only: what has been released is never edited, only added to. All that are missing run in the transaction that also
 * raises `user_version`, so they are done wholly or not at all.
 *
 * Times are REAL because JavaScript's numbers are; SQLite stores whole ones as integers. Partial indices hold only what is
 * unfinished: they stay small, however large the tables grow. What only a rare search needs is indexed by slice (see
 * slices.ts).
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

  CREATE TABLE channels (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    channel TEXT NOT NULL,
    UNIQUE (tenant, channel)
  );

  -- A lower id is an older conversation. All its mail has a greater seq than since.
  CREATE TABLE conversations (
    id INTEGER PRIMARY KEY,
    channel INTEGER NOT NULL,
    chat TEXT NOT NULL,
    since INTEGER NOT NULL,
    opted_out INTEGER NOT NULL DEFAULT 0,
    rest_until REAL NOT NULL DEFAULT 0,
    handoff TEXT,
    state TEXT
  );

  -- Every id by which a conversation is known, its chat included.
  CREATE TABLE aliases (
    channel INTEGER NOT NULL,
    id TEXT NOT NULL,
    conversation INTEGER NOT NULL,
    PRIMARY KEY (channel, id)
  ) WITHOUT ROWID;
  CREATE INDEX aliases_of ON aliases (conversation);

  -- status: 0 pending, 1 done, 2 dead, 3 discarded. One seq for inbox and outbox: the order of the conversation.
  CREATE TABLE inbox (
    seq INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    id TEXT NOT NULL,
    status INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    received_at REAL NOT NULL,
    settle_at REAL NOT NULL,
    due_by REAL NOT NULL,
    ended_at REAL,
    message TEXT NOT NULL,
    control TEXT,
    reason TEXT
  );
  CREATE UNIQUE INDEX inbox_ids ON inbox (id, channel);
  CREATE INDEX inbox_of ON inbox (seq >> 14, conversation);
  CREATE INDEX inbox_pending ON inbox (conversation) WHERE status = 0;
  CREATE INDEX inbox_dead ON inbox (ended_at) WHERE status = 2;

  -- status: 0 pending, 1 sending, 2 sent, 3 dead, 4 held, 5 suppressed, 6 discarded.
  CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    id TEXT NOT NULL,
    status INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    kind TEXT NOT NULL,
    not_before REAL NOT NULL,
    created_at REAL NOT NULL,
    ended_at REAL,
    provider_id TEXT,
    in_reply_to TEXT NOT NULL,
    message TEXT NOT NULL,
    reason TEXT
  );
  CREATE UNIQUE INDEX outbox_ids ON outbox (id, channel);
  CREATE INDEX outbox_of ON outbox (seq >> 14, conversation);
  CREATE INDEX outbox_undelivered ON outbox (conversation) WHERE status < 2;
  CREATE INDEX outbox_sent ON outbox (seq >> 12, provider_id) WHERE provider_id IS NOT NULL;
  CREATE INDEX outbox_dead ON outbox (ended_at) WHERE status IN (3, 4);

  CREATE TABLE usage (
    tenant TEXT NOT NULL,
    day TEXT NOT NULL,
    tokens REAL NOT NULL,
    cost_usd REAL NOT NULL,
    PRIMARY KEY (tenant, day)
  ) WITHOUT ROWID;
  `,
  `
  -- What the provider told after it had accepted the reply: 0 nothing, 1 failed, 2 delivered, 3 read.
  ALTER TABLE outbox ADD COLUMN delivery INTEGER NOT NULL DEFAULT 0;

  -- When the customer last wrote; pending messages may tell of later.
  ALTER TABLE conversations ADD COLUMN last_inbound REAL;
  UPDATE conversations SET last_inbound = wrote.at
    FROM (
      SELECT conversation, max(min(received_at, coalesce(json_extract(message, '$.sentAtMs'), received_at))) AS at
      FROM inbox WHERE CASE WHEN json_valid(message) THEN coalesce(json_extract(message, '$.fromMe'), 0) = 0 END
      GROUP BY conversation
    ) AS wrote
    WHERE wrote.conversation = conversations.id;

  -- Names and values are JSON strings: SQLite's text cannot hold everything that a string can.
  CREATE TABLE records (
    channel INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (channel, name)
  ) WITHOUT ROWID;
  `,
  `
  -- Headers as JSON, so that the turn goes on with the trace that brought the message.
  ALTER TABLE inbox ADD COLUMN trace TEXT;
  `,
  `
  -- The same of replies, so that whoever sends one goes on with the trace of its turn.
  ALTER TABLE outbox ADD COLUMN trace TEXT;
  `,
]

/** Brings the database to the newest schema. Throws `storage_newer` or `storage_corrupt` where it must not be touched. */
export function migrate(db: DatabaseSync, steps: readonly string[] = migrations): void {
  const version = pragma(db, 'user_version')
  const owner = pragma(db, 'application_id')
  if (owner !== applicationId && (owner !== 0 || version !== 0 || hasTables(db))) {
    throw new WaAgentError(
      'storage_corrupt',
      '[storage-sqlite] The file is a database of another program. Choose another `path`.',
    )
  }
  if (version > steps.length) {
    throw new WaAgentError(
      'storage_newer',
      `[storage-sqlite] The database has schema ${version}, this version knows up to ${steps.length}. Install the version of @wa-agent/storage-sqlite that wrote it, or restore a backup from before the update.`,
    )
  }
  const missing = steps.slice(version)
  if (missing.length === 0) return
  const mark = `PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${steps.length}`
  db.exec(`BEGIN IMMEDIATE; ${missing.join(';')}; ${mark}; COMMIT`)
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])
}

function hasTables(db: DatabaseSync): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() !== undefined
}
