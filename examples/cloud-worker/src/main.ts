import { existsSync } from 'node:fs'
import { runWorker } from './run-worker.ts'
import { readSettings } from './settings.ts'

try {
  if (existsSync('.env')) process.loadEnvFile('.env')
  await runWorker(readSettings(process.env))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
