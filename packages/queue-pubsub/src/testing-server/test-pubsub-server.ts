import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '@wa-agent/core'
import { Broker } from './test-broker.ts'
import { startGrpcFront } from './test-grpc-front.ts'
import { startRestFront } from './test-rest-front.ts'

/** A Pub/Sub in this process, reached by gRPC and REST at one address, as Google's is. */
export interface PubsubServer extends AsyncDisposable {
  /** For `apiEndpoint`. */
  readonly endpoint: string
  readonly broker: Broker
  /** What is asked by REST, e.g. `POST publish`, is answered with the status that this gives. */
  refuse: (asked: string) => number | undefined
  /** Nobody is answered until `start`, and all connections break. Nothing is forgotten. */
  stop(): Promise<void>
  start(): Promise<void>
}

/** How HTTP/2 begins, which gRPC speaks; REST is HTTP/1.1. */
const http2 = 'PRI'

export async function startPubsubServer(clock?: Clock): Promise<PubsubServer> {
  const broker = new Broker(clock)
  const grpc = await startGrpcFront(broker)
  const rest = await startRestFront(broker, (asked) => server.refuse(asked))
  const sockets = new Set<Socket>()
  let door: Server | undefined
  let port = 0

  const start = async () => {
    door = createServer((socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      socket.on('error', () => socket.destroy())
      socket.once('data', (first) => {
        socket.pause()
        const inner = connect(String(first).startsWith(http2) ? grpc.port : rest.port, '127.0.0.1')
        inner.on('error', () => socket.destroy())
        socket.once('close', () => inner.destroy())
        inner.once('close', () => socket.destroy())
        inner.write(first)
        socket.pipe(inner).pipe(socket)
      })
    })
    await new Promise<void>((resolve) => door?.listen(port, '127.0.0.1', resolve))
    port = (door.address() as AddressInfo).port
  }
  const stop = async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => (door ? door.close(resolve) : resolve(undefined)))
  }
  await start()
  const server: PubsubServer = {
    endpoint: `http://127.0.0.1:${port}`,
    broker,
    refuse: () => undefined,
    stop,
    start,
    async [Symbol.asyncDispose]() {
      await stop()
      grpc.stop()
      rest.stop()
    },
  }
  return server
}
