import { Problem } from '../problem.ts'
import type { Desk } from './desk.ts'

/** Refuses a desktop whose channel another one has by now, and asks one to register again that nobody remembers. */
export function mustBeCurrent(desk: Desk, session: string | undefined): void {
  switch (desk.stateOf(session)) {
    case 'current':
      return
    case 'superseded':
      throw new Problem(409, 'superseded', {
        detail: 'Another desktop has registered for this channel since. Stop sending, or register again.',
      })
    case 'unknown':
      throw new Problem(409, 'session-unknown', { detail: 'This session is not known any more. Register again.' })
  }
}

/** Refuses who listens or acknowledges in place of the desktop that has the channel: only its session may. */
export function mustHaveChannel(desk: Desk, session: string | undefined): void {
  mustBeCurrent(desk, session)
  if (session !== undefined || desk.record.session === undefined) return
  throw new Problem(409, 'session-unknown', { detail: 'A desktop has this channel. Register, and send your session.' })
}
