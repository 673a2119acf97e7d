import { parseArgs } from 'node:util'
import { askInTerminal } from './ask.ts'
import { checkCloud } from './check-cloud.ts'
import { readEnvFile } from './env-file.ts'
import { firstRun } from './first-run.ts'
import { runAgent } from './run-agent.ts'
import { missingNames, neededNames, readSettings } from './settings.ts'

const usage = `Usage:
  npm run example:desktop-agent               connects WhatsApp on this computer with your cloud server
  npm run example:desktop-agent -- --setup    asks for the settings again
`

const file = '.env'

// What customers write, and the session of WhatsApp, is for nobody else who uses this computer.
process.umask(0o077)

// A window that was closed takes no words any more; the agent ends in order all the same.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

try {
  const { setup, help } = parseArgs({
    options: { setup: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  }).values
  // What the environment has counts more.
  for (const [name, value] of Object.entries(readEnvFile(file))) process.env[name] ??= value
  if (help) process.stdout.write(usage)
  else await start(setup)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function start(isSetup: boolean): Promise<void> {
  const names = isSetup ? neededNames : missingNames(process.env)
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true
  if (isSetup && !isTerminal) throw new Error('--setup asks in a terminal. Run it in one, or edit .env.')
  if (names.length > 0 && isTerminal) {
    const questions = askInTerminal({ input: process.stdin, output: process.stdout })
    try {
      Object.assign(process.env, await firstRun(names, file, questions))
      questions.say(`  ${await checkCloud(readSettings(process.env))}\n`)
    } finally {
      questions.close()
    }
  }
  await runAgent(readSettings(process.env))
}
