/** What an error of Meta means for a send. */
export interface MetaErrorAction {
  readonly retryable: boolean
  /** It was too much for the whole number, or only for this chat. */
  readonly slowDown?: 'channel' | 'chat'
  readonly retryAfterMs?: number
}

interface MetaError extends MetaErrorAction {
  readonly words: string
}

const never = (words: string): MetaError => ({ words, retryable: false })
const later = (words: string): MetaError => ({ words, retryable: true })
const tooMuch = (words: string, slowDown: 'channel' | 'chat', retryAfterMs?: number): MetaError => ({
  words,
  retryable: true,
  slowDown,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
})

// https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
const errors: ReadonlyMap<number, MetaError> = new Map([
  // Nothing can be sent until somebody renews it; no message is to blame.
  [0, tooMuch('the token is not accepted', 'channel', 60_000)],
  [190, tooMuch('the token has expired', 'channel', 60_000)],
  [3, never('the app may not do this')],
  [10, never('a permission is missing')],
  [1, later('unknown error')],
  [2, later('service unavailable')],
  [131000, later('something went wrong')],
  [131016, later('service overloaded')],
  [133004, later('server unavailable')],
  [4, tooMuch('too many calls of the app', 'channel')],
  [80007, tooMuch('too many calls of the account', 'channel')],
  [130429, tooMuch('too many messages of the number', 'channel')],
  [131048, tooMuch('limited because messages were reported as spam', 'channel')],
  [131064, tooMuch('rate limit', 'channel')],
  [133016, tooMuch('registered too often', 'channel')],
  [132069, tooMuch('the form is throttled', 'channel')],
  // While a number is moved to a higher throughput, which takes about a minute.
  [131057, tooMuch('the number is in maintenance', 'channel', 60_000)],
  [131056, tooMuch('too many messages to this user', 'chat')],
  [33, never('the number is not known')],
  [100, never('invalid parameter')],
  [368, never('blocked for a violation of policy')],
  [130472, never('the user is part of an experiment')],
  [130497, never('not allowed to message this country')],
  [131005, never('access denied')],
  [131008, never('a parameter is missing')],
  [131009, never('a parameter is invalid')],
  [131021, never('sender and recipient are the same')],
  [131026, never('undeliverable')],
  [131030, never('the recipient is not in the allowed list')],
  [131031, never('the account is locked')],
  [131037, never('the display name is not approved')],
  [131042, never('payment problem')],
  [131045, never('the number is not registered correctly')],
  [131047, never('re-engagement message: the window is closed, send a template')],
  [131049, never('not delivered to keep the ecosystem healthy')],
  [131050, never('the user stopped marketing messages')],
  [131051, never('unsupported message type')],
  [131052, never('media download failed')],
  [131053, never('media upload failed')],
  [131060, never('message unavailable')],
  [131062, never('this message needs a phone number')],
  [131063, never('marketing templates are disabled')],
  [132000, never('wrong number of template parameters')],
  [132001, never('the template does not exist')],
  [132005, never('the template text is too long')],
  [132007, never('the template violates a policy')],
  [132008, never('a template parameter is missing')],
  [132012, never('wrong format of a template parameter')],
  [132015, never('the template is paused')],
  [132016, never('the template is disabled')],
  [132018, never('a template parameter has a character that is not allowed')],
  [132068, never('the form is blocked')],
  [133010, never('the number is not registered')],
  [135000, never('message could not be sent')],
  [137000, never('the identity of the user has changed')],
])

/** What to do about an error code; an unknown one is judged by the HTTP status. */
export function metaErrorAction(code: number, httpStatus: number): MetaErrorAction {
  const known = errors.get(code)
  if (known) {
    const { words: _, ...action } = known
    return action
  }
  return httpErrorAction(httpStatus)
}

/** What an HTTP status means where there is no code. */
export function httpErrorAction(httpStatus: number): MetaErrorAction {
  if (httpStatus === 429) return { retryable: true, slowDown: 'channel' }
  return { retryable: httpStatus >= 500 }
}

/** The code and a few words: ours, or Meta's title where the code is not known, with nothing in it that looks like a number. */
export function metaErrorWords(code: number, title?: string): string {
  const words = errors.get(code)?.words ?? title?.replace(/\+?\d[\d\s-]{4,}\d/g, '…').slice(0, 80)
  return words === undefined ? String(code) : `${code} ${words}`
}
