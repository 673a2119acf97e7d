import { connect } from 'node:net'

/** Writes bytes to a port and resolves with the status of what comes back; 0 where nothing does. */
export function rawRequest(url: string, bytes: string | Uint8Array): Promise<number> {
  const { port, hostname } = new URL(url)
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(port), hostname, () => socket.end(bytes))
    socket.setEncoding('latin1').setTimeout(15_000, () => socket.destroy(new Error('The server keeps silent.')))
    socket.on('data', (text: string) => {
      answer += text
    })
    // A reset after the answer is an answer.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)))
  })
}
