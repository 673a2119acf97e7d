import type { createServer } from '@wa-agent/server'
import type { Settings } from './settings.ts'

/** Listens. Where it cannot, the error names the setting to change. Resolves with the port. */
export async function startServer(
  server: ReturnType<typeof createServer>,
  { PORT: port, HOST: host }: Settings,
): Promise<number> {
  try {
    return (await server.start({ port, host })).port
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const why = reasons[code]
    throw why ? new Error(why(port, host), { cause: error }) : error
  }
}

const reasons: Readonly<Record<string, (port: number, host: string) => string>> = {
  EADDRINUSE: (port) => `PORT: ${port} is taken. Stop what uses it, or choose another.`,
  EACCES: (port) => `PORT: ${port} is not for everybody. Choose one above 1023.`,
  EADDRNOTAVAIL: (_, host) => `HOST: this machine has no address ${host}. 0.0.0.0 stands for all that it has.`,
  ENOTFOUND: (_, host) => `HOST: there is no ${host}. 0.0.0.0 stands for all addresses of this machine.`,
}
