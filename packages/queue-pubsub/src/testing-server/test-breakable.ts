import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a server that can be cut: what goes through it meets the end of a process, as the server sees it. */
export interface Breakable {
  /** Host and port. */
  readonly host: string
  cut(): Promise<void>
}

export async function breakable(target: string): Promise<Breakable> {
  const [host = '', port] = target.split(':')
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const inner = connect(Number(port), host)
    for (const [one, other] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.once('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
    socket.pipe(inner).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async cut() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
