/** How far the work is. */
interface Progress {
  readonly done: number
  readonly read: { readonly totalBytes: number; readonly bytesRead: number; readonly linesRead: number }
}

const width = 30

/** Draws a bar on standard error, where that is a terminal; elsewhere it is silent. */
export function progressBar(progress: () => Progress): { stop(): void } {
  if (!process.stderr.isTTY) return { stop: () => undefined }
  const draw = () => {
    const { done, read } = progress()
    const isRead = read.bytesRead >= read.totalBytes
    // Until the file is read to its end the number of its messages is an estimate from its size.
    const total = isRead ? read.linesRead : Math.round((read.linesRead * read.totalBytes) / Math.max(read.bytesRead, 1))
    const share = total === 0 ? 1 : Math.min(done / total, 1)
    const filled = Math.round(share * width)
    const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`
    process.stderr.write(
      `\r\u001b[K  ${bar} ${Math.floor(share * 100)} %  ${done} of ${isRead ? '' : 'about '}${total} messages`,
    )
  }
  const timer = setInterval(draw, 100)
  return {
    stop() {
      clearInterval(timer)
      draw()
      process.stderr.write('\n')
    },
  }
}
