import { sqliteStorage } from '@wa-agent/storage-sqlite'

// #region options
export const storage = sqliteStorage({
  path: 'data/bot.db',
  // 'full' (default): what was acknowledged survives a power cut. 'normal': it survives the end of the process.
  synchronous: 'full',
})
// #endregion

// #region backup
/** Checks the database and writes a copy of it, while the bot goes on. */
export async function backUp(path: string): Promise<void> {
  const { ok, problems } = await storage.integrityCheck()
  if (!ok) throw new Error(`The database is damaged: ${problems.join('; ')}`)
  await storage.backup(path)
}
// #endregion

// #region prune
/** Forgets what was finished more than 90 days ago. Run it once a day. */
export const forgetOld = (nowMs: number) => storage.prune({ beforeMs: nowMs - 90 * 86_400_000 })
// #endregion
