/** Where an access token comes from: fixed, asked of a function, or kept by an object of yours. */
export type TokenSource = string | (() => Promise<string> | string) | { get(): Promise<string> }

/** An access token, shared by all calls in flight. */
export interface Token {
  /** The token to use now. A function is asked once, and again when a token was rejected; an object is asked each time. */
  get(): Promise<string>
  /**
   * The token to use instead of one that the provider rejected. All who come with the same one share one call of the source,
   * and it is asked once for it: the same one comes back where the source has no other. Rejects as the source does.
   */
  refresh(rejected: string): Promise<string>
}

/** Makes a token of any source. */
export function createToken(source: TokenSource): Token {
  if (typeof source === 'string') return { get: async () => source, refresh: async () => source }
  if (typeof source === 'object') return refreshable(() => source.get(), { remembers: false })
  return refreshable(async () => source(), { remembers: true })
}

function refreshable(ask: () => Promise<string>, { remembers }: { readonly remembers: boolean }): Token {
  let current: string | undefined
  let flying: Promise<string> | undefined
  let lastRejected: string | undefined

  function fetchOnce(): Promise<string> {
    flying ??= ask()
      .then((token) => {
        current = token
        return token
      })
      .finally(() => {
        flying = undefined
      })
    return flying
  }

  return {
    async get() {
      const isGood = flying === undefined && current !== undefined && current !== lastRejected
      return remembers && isGood && current !== undefined ? current : fetchOnce()
    },
    async refresh(rejected) {
      if (flying === undefined) {
        if (lastRejected === rejected) return current ?? rejected
        if (current !== undefined && current !== rejected) return current
      }
      const token = await fetchOnce()
      // Remembered even where it is the same again: the next call of `get` asks then, not each of those in flight.
      lastRejected = rejected
      return token
    },
  }
}
