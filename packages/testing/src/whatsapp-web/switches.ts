/** What the simulated WhatsApp Web does otherwise than one hopes. All are off by default and may be changed at any time. */
export interface WhatsAppWebSwitches {
  // From the next load of the page on

  /** The sync is over before anybody could listen for it, so that a program waits for it in vain. */
  syncedAtOnce: boolean
  /** `window.Debug` is missing: programs never see that the page has loaded. */
  noDebug: boolean
  /** Keys of messages have their text in `$1` instead of `_serialized`, as since July 2026. */
  minifiedKey: boolean
  /** Messages hand out the page's own ids instead of copies. */
  rawSerialize: boolean
  /** What came in while no page was connected is delivered as new messages after the sync, instead of being history. */
  backlogIsNew: boolean

  // At once

  /** A page that loads stays in `OPENING` until this is off. */
  stuckOpening: boolean
  /** Connected, but nothing is delivered. What was kept back is seen after a reload or a reconnection only. */
  silent: boolean
  /** Only those are on WhatsApp who are known: contacts, and who has written. */
  unknownNumber: boolean
  /** Files cannot be downloaded any more. */
  mediaMissing: boolean
  /** Sends hang until this is off, and go out then. */
  sendStalls: boolean
  /** Sends are queued in the page, never leave it and never get an ack. */
  sendsVanish: boolean
  /** A message to a number is filed under the lid of the same person, and the other way round. */
  siblingSends: boolean
}

const off: WhatsAppWebSwitches = {
  syncedAtOnce: false,
  noDebug: false,
  minifiedKey: false,
  rawSerialize: false,
  backlogIsNew: false,
  stuckOpening: false,
  silent: false,
  unknownNumber: false,
  mediaMissing: false,
  sendStalls: false,
  sendsVanish: false,
  siblingSends: false,
}

/** Switches that tell when they are changed. A name that is none of them throws, then and later. */
export function makeSwitches(given: Partial<WhatsAppWebSwitches>, changed: () => void): WhatsAppWebSwitches {
  for (const name of Object.keys(given)) expectSwitch(name)
  return new Proxy(
    { ...off, ...given },
    {
      set(target, name, value) {
        expectSwitch(name)
        Reflect.set(target, name, value)
        changed()
        return true
      },
    },
  )
}

function expectSwitch(name: string | symbol): void {
  if (!(name in off)) throw new TypeError(`[whatsapp-web] There is no switch ${JSON.stringify(String(name))}.`)
}
