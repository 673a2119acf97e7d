import { type AddressInfo, connect, createServer } from 'node:net'

/** A port that nobody uses at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Whether somebody listens on a local port. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    const tell = (listens: boolean) => () => {
      socket.destroy()
      resolve(listens)
    }
    socket.once('connect', tell(true))
    socket.once('error', tell(false))
  })
}

/** For tests that need what the machine does not have: an error in CI, elsewhere a notice that they are skipped. */
export function notFound(needed: string, advice: string): undefined {
  if (process.env['CI'] === 'true') throw new Error(`CI needs ${needed}. ${advice}`)
  process.stderr.write(`No ${needed} was found: the tests that need it are skipped. ${advice}\n`)
  return undefined
}
