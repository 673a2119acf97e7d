import type { Clock } from '@wa-agent/core'
import type { Desk } from './desk.ts'
import type { OutboundEvent } from './protocol.ts'

const pingEveryMs = 15_000
/** A client that reads nothing must not fill the memory. */
const mostUnreadBytes = 32 * 2 ** 20

const encoder = new TextEncoder()

/**
 * A stream of server-sent events to a desktop; ends when the client goes, another one comes, or the server stops. A stream may
 * be open for days: before anything is written `mayHear` is asked again, and the stream ends where it says no.
 */
export function eventStream(
  desk: Desk,
  { clock, mayHear }: { readonly clock: Clock; readonly mayHear: () => Promise<boolean> },
): Response {
  let end: (isClosed?: boolean) => void = () => undefined
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let isOpen = true
        let cancelPing: () => void = () => undefined
        let detach: () => void = () => undefined
        let telling = Promise.resolve()
        const inTurn = (step: () => void | Promise<void>) => {
          telling = telling.then(step).catch(() => end())
        }
        const write = (text: string) => {
          if (!isOpen) return
          controller.enqueue(encoder.encode(text))
          if ((controller.desiredSize ?? 0) < -mostUnreadBytes) end()
        }
        const tell = (text: string) => inTurn(async () => (isOpen && !(await mayHear()) ? end() : write(text)))
        const ping = () => {
          cancelPing = clock.after(pingEveryMs, ping)
          tell(': still here\n\n')
        }
        end = (isClosed = false) => {
          if (!isOpen) return
          isOpen = false
          cancelPing()
          detach()
          if (!isClosed) controller.close()
        }
        write(': connected\n\n')
        cancelPing = clock.after(pingEveryMs, ping)
        detach = desk.listen({ write: (event) => tell(toText(event)), end: () => inTurn(() => end()) })
      },
      cancel() {
        end(true)
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 65_536 }),
  )
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' },
  })
}

function toText(event: OutboundEvent): string {
  const id = 'id' in event ? `id: ${oneLine(event.id)}\n` : ''
  return `event: ${event.type}\n${id}data: ${JSON.stringify(event)}\n\n`
}

/** Ids of replies are anybody's to choose; a line break would begin another field, and half a character has no encoding. */
function oneLine(id: string): string {
  return encodeURIComponent(id.toWellFormed())
}

/** Waits for something to tell the desktop, but no longer than `waitMs`. */
export async function poll(
  desk: Desk,
  options: { readonly clock: Clock; readonly waitMs: number; readonly signal: AbortSignal },
): Promise<OutboundEvent[]> {
  const { clock, waitMs, signal } = options
  const events: OutboundEvent[] = []
  return new Promise((resolve) => {
    let detach: () => void = () => undefined
    let isOver = false
    const finish = () => {
      if (isOver) return
      isOver = true
      cancel()
      signal.removeEventListener('abort', finish)
      detach()
      resolve(events)
    }
    const cancel = clock.after(waitMs, finish)
    signal.addEventListener('abort', finish, { once: true })
    detach = desk.listen({
      write(event) {
        events.push(event)
        // What comes in one go is told in one go.
        queueMicrotask(finish)
      },
      end: finish,
    })
    if (isOver || signal.aborted) finish()
  })
}
