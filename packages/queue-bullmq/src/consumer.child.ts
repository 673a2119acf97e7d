// A process that consumes and never ends a job, to be killed by its test. Its one argument is JSON: the options of
// `bullmqQueue`. It writes the id of each job that it takes.
import { bullmqQueue } from './bullmq-queue.ts'

bullmqQueue(JSON.parse(process.argv[2] ?? '{}')).consume(async ({ id }) => {
  process.stdout.write(`${id}\n`)
  await new Promise(() => undefined)
})
