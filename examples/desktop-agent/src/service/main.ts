import { runServiceCommand } from './run-service-command.ts'

try {
  process.exitCode = runServiceCommand(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
