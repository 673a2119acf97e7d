import {
  createIngest,
  createPipeline,
  createWorker,
  type Ingest,
  type IngestOptions,
  memoryQueue,
  memoryStorage,
  type Queue,
  type Transport,
  type Worker,
  type WorkerOptions,
} from '@wa-agent/core'
import { type SimulatedWhatsApp, simulatedWhatsApp, type VirtualClock, virtualClock } from '@wa-agent/testing'
import { crashable } from '../engine/crashable.ts'
import { echo } from '../engine/world.ts'

/** A worker that can die. */
export interface WorkerProcess {
  readonly worker: Worker
  crash(): void
  stop(): Promise<void>
}

/** Several workers on one storage, and an ingest, on a virtual clock. */
export interface FleetWorld extends AsyncDisposable {
  readonly clock: VirtualClock
  readonly whatsapp: SimulatedWhatsApp
  readonly queue: Queue
  readonly disk: ReturnType<typeof memoryStorage>
  /** Starts one more worker; `transport` says what differs from the simulated one. */
  worker(options?: Partial<WorkerOptions>, transport?: Partial<Transport>): Promise<WorkerProcess>
  ingest(options?: Partial<IngestOptions>, transport?: Partial<Transport>): Promise<Ingest>
}

/** What plays the broker and the database outlives every process of the test. */
export async function fleetWorld(): Promise<FleetWorld> {
  const clock = virtualClock()
  const whatsapp = simulatedWhatsApp({ clock, catchUp: false })
  const disk = memoryStorage({ clock })
  await disk.open()
  const queue = memoryQueue({ clock, random: () => 0.5 })
  const running = new Set<() => Promise<void>>()
  let workers = 0
  const ending = (stop: () => Promise<void>) => {
    const end = async () => {
      if (running.delete(end)) await clock.finish(stop())
    }
    running.add(end)
    return end
  }
  return {
    clock,
    whatsapp,
    queue,
    disk,
    async worker(options, transport) {
      workers += 1
      const name = `w${workers}`
      let ids = 0
      const { storage, crash } = crashable(disk)
      const aborted = new AbortController()
      const worker = createWorker({
        transports: [{ ...whatsapp.anotherTransport(), ...transport }],
        storage,
        queue: mortal(queue, aborted.signal),
        pipeline: createPipeline({ agents: [echo], fallback: echo, clock }),
        clock,
        random: () => 0.5,
        createId: () => {
          ids += 1
          return `${name}-${ids}`
        },
        ...options,
      })
      await clock.finish(worker.start())
      const stop = ending(() => worker.stop())
      return {
        worker,
        stop,
        crash() {
          running.delete(stop)
          crash()
          aborted.abort()
        },
      }
    },
    async ingest(options, transport) {
      const ingest = createIngest({ transports: [{ ...whatsapp.transport, ...transport }], queue, clock, ...options })
      await clock.finish(ingest.start())
      ending(() => ingest.stop())
      return ingest
    },
    async [Symbol.asyncDispose]() {
      for (const stop of [...running].reverse()) await stop()
      await queue.close()
    },
  }
}

/** A queue whose consumers die with their process: what they had in hand comes back. */
function mortal(queue: Queue, died: AbortSignal): Queue {
  return new Proxy(queue, {
    get(target, name) {
      if (name !== 'consume') {
        const member: unknown = Reflect.get(target, name)
        return typeof member === 'function' ? member.bind(target) : member
      }
      const consume: Queue['consume'] = (handler, options) =>
        target.consume(
          async (job, context) => {
            const dying = new Promise<never>((_, reject) => {
              died.addEventListener('abort', () => reject(new Error('the process died')), { once: true })
            })
            await Promise.race([handler(job, context), dying])
          },
          { ...options, signal: died },
        )
      return consume
    },
  })
}
