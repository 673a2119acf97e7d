// A program with a transport and nothing else, to be killed by its test: it does not stop by itself. Its one argument is
// JSON: `{ sessionDir, browserArgs }`.
import { silentLogger, systemClock } from '@wa-agent/core'
import { webjsTransport } from './webjs-transport.ts'

const transport = webjsTransport({ ...JSON.parse(process.argv[2] ?? '{}'), onQr: () => undefined })
await transport.start({
  receive: async () => undefined,
  track: async () => undefined,
  release: async () => undefined,
  records: { get: async () => undefined, set: async () => undefined },
  clock: systemClock,
  logger: silentLogger,
  connection(state) {
    process.stdout.write(`${JSON.stringify({ state, pid: transport.status.browser?.pid })}\n`)
    // What the program itself leaves unhandled still ends it.
    if (state === 'connected' && process.argv[3] === 'reject') void Promise.reject(new Error('Target closed'))
    if (state === 'connected' && process.argv[3] === 'exit') process.exit(7)
  },
})
