import type { ChannelKey } from '../conversation.ts'
import type { Records } from '../storage.ts'

/** The records of a storage in memory, kept in `all`; `assertOpen` throws where it is closed. */
export function recordsIn(all: Map<string, string>, assertOpen: () => void): Records {
  const set = (key: string, value: string | undefined) => {
    if (value === undefined) all.delete(key)
    else all.set(key, value)
  }
  return {
    async get(channel, name) {
      assertOpen()
      return all.get(keyOf(channel, name))
    },
    async list(channel, prefix) {
      assertOpen()
      const begin = keyOf(channel, '')
      const found = new Map<string, string>()
      for (const [key, value] of all) {
        if (key.startsWith(begin + prefix)) found.set(key.slice(begin.length), value)
      }
      return found
    },
    async set(channel, name, value) {
      assertOpen()
      set(keyOf(channel, name), value)
    },
    async replace(channel, name, { from, to }) {
      assertOpen()
      const key = keyOf(channel, name)
      if (all.get(key) !== from) return false
      set(key, to)
      return true
    },
  }
}

const keyOf = ({ tenant, channel }: ChannelKey, name: string) => `${tenant}/${channel}/${name}`
