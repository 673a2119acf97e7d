import { EventEmitter } from 'eventemitter3'
import { describeError, framesOf } from './errors.ts'
import type { Logger } from './logger.ts'

type Listeners<Events> = { readonly [Name in keyof Events]: (event: never) => void }

/** Tells events by name. A listener that throws is the application's fault: it is logged and harms nothing. */
export class Emitter<Events extends Listeners<Events>> {
  /** eventemitter3's types cannot follow a generic name; the members keep name and listener together. */
  readonly #events = new EventEmitter()
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  on<Name extends keyof Events & string>(name: Name, listener: Events[Name]): void {
    this.#events.on(name, asListener(listener))
  }

  off<Name extends keyof Events & string>(name: Name, listener: Events[Name]): void {
    this.#events.off(name, asListener(listener))
  }

  readonly emit = <Name extends keyof Events & string>(name: Name, event: Parameters<Events[Name]>[0]): void => {
    try {
      this.#events.emit(name, event)
    } catch (error) {
      this.#logger.error(
        { error: describeError(error), frames: framesOf(error), event: name },
        'an event listener failed',
      )
    }
  }
}

function asListener(listener: (event: never) => void): (event: unknown) => void {
  return listener as (event: unknown) => void
}
