import { channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { watchLaunch } from './browser.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** Watches a launch with this profile; gives what was heard of. */
function watching(profile: string): unknown[] {
  const heard: unknown[] = []
  ends.push(watchLaunch(profile, (child) => heard.push(child)))
  return heard
}

/** A process as Node makes one, from its creation on. */
function created(profile: string) {
  const pipe = new EventEmitter()
  const child = Object.assign(new EventEmitter(), { spawnargs: [`--user-data-dir=${profile}`], stdio: [pipe, null] })
  channel('child_process').publish({ process: child })
  return { child, pipe }
}

const error = new Error('spawn EACCES')

describe('a launch', () => {
  test('is heard of once its process runs, and its pipes may break', () => {
    const heard = watching('/a')
    const { child, pipe } = created('/a')
    expect(heard).toEqual([])
    child.emit('spawn')
    expect(heard).toEqual([child])
    expect(pipe.emit('error', error)).toBe(true)
    expect(child.emit('error', error)).toBe(true)
  })

  test.each([['/a'], ['/b']])('of %s may fail, also beside another one', (profile) => {
    const heard = [watching('/a'), watching('/b')].flat()
    expect(created(profile).child.emit('error', error)).toBe(true)
    expect(heard).toEqual([])
  })

  test('changes nothing for processes of others', () => {
    watching('/a')
    watching('/b')
    expect(() => created('/c').child.emit('error', error)).toThrow(error)
    const { child, pipe } = created('/c')
    child.emit('spawn')
    expect([child.listenerCount('error'), pipe.listenerCount('error')]).toEqual([0, 0])
    const careful = created('/c').child
    const errors: unknown[] = []
    careful.on('error', (one) => errors.push(one))
    careful.emit('error', error)
    expect(errors).toEqual([error])
  })
})
