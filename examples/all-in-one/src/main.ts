import { existsSync } from 'node:fs'
import { readArguments, usage } from './arguments.ts'
import { replay } from './replay.ts'
import { serve } from './serve.ts'
import { readSettings } from './settings.ts'

try {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const command = readArguments(process.argv.slice(2))
  switch (command.name) {
    case 'help':
      process.stdout.write(`${usage}\n`)
      break
    case 'replay':
      process.exitCode = await replay(command, readSettings(process.env))
      break
    case 'serve':
      await serve(readSettings(process.env))
      break
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
