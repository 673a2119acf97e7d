import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to Redis that a test can cut, or lead elsewhere. */
export interface CuttableProxy {
  /** Redis by this way. */
  readonly url: string
  readonly isCut: boolean
  /** Leads new connections to another Redis; those that are open stay as they are. */
  leadTo(url: string): void
  /** Ends all connections and takes no new ones. */
  cut(): void
  close(): Promise<void>
}

export async function cuttableProxy(target: string): Promise<CuttableProxy> {
  let { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) return near.destroy()
    const far = connect({ host: hostname, port: Number(port || 6379), noDelay: true })
    near.setNoDelay()
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    near.pipe(far).pipe(near)
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: url.href,
    get isCut() {
      return isCut
    },
    leadTo(next) {
      ;({ hostname, port } = new URL(next))
    },
    cut,
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
