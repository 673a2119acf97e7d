// A process that consumes and never ends a job, except `quick`, to be killed by its test. Its one argument is JSON: the options of
// `bullmqQueue`. It writes the id of each job that it takes, and `away` where Redis is. SIGTERM closes its queue.
import { silentLogger } from '@wa-agent/core'
import { bullmqQueue } from './bullmq-queue.ts'

const write = (line: string) => void process.stdout.write(`${line}\n`)
const logger = { ...silentLogger, warn: () => write('away') }
const queue = bullmqQueue({ ...JSON.parse(process.argv[2] ?? '{}'), logger })
process.once('SIGTERM', () => queue.close())
queue.consume(async ({ id }) => {
  write(id)
  if (id !== 'quick') await new Promise(() => undefined)
})
