import { existsSync } from 'node:fs'
import { readSettings } from './settings.ts'

try {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const settings = readSettings(process.env)
  // Each role loads what it needs and no more: an ingest is small.
  const { run } = settings.ROLE === 'ingest' ? await import('./run-ingest.ts') : await import('./run-worker.ts')
  await run(settings)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
