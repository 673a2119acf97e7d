import { WaAgentError } from './errors.ts'

/** What an option must at least be. */
export type OptionKind = 'list' | 'object' | 'function'

/** Names of options, with what they must be where that is told; below one that has options of its own, their names. */
export interface NameTree {
  readonly [name: string]: true | OptionKind | NameTree
}

/** The names of all `Options`: the compiler tells where one is missing or too many. */
export type NamesOf<Options> = Readonly<Record<keyof Options, true | OptionKind | NameTree>>

/**
 * Throws `invalid_options` for the first option that does not exist, since a misspelt one would be ignored in silence, and
 * for the first that is not what it must be; none may be null. `factory` is what they were given to.
 */
export function checkNames(factory: string, options: object, known: NameTree): void {
  const why = isObject(options)
    ? whyWrong(options, known, { all: known, prefix: '' })
    : `Expected options, got ${shown(options)}.`
  if (why !== undefined) throw new WaAgentError('invalid_options', `[${factory}] ${why}`)
}

interface Place {
  readonly all: NameTree
  /** Where the options are, e.g. `coalesce.`; the outermost have no name. */
  readonly prefix: string
}

function whyWrong(options: object, known: NameTree, { all, prefix }: Place): string | undefined {
  for (const [name, value] of Object.entries(options)) {
    const path = prefix + name
    const within = Object.hasOwn(known, name) ? known[name] : undefined
    if (within === undefined) {
      return `Expected options that exist, got \`${path}\`. The nearest one is \`${nearest(path, all)}\`.`
    }
    if (value === undefined) continue
    const kind = kinds[typeof within === 'object' ? 'object' : within === true ? 'any' : within]
    if (!kind.fits(value)) return `Expected \`${path}\` to be ${kind.words}, got ${shown(value)}.`
    const why = typeof within === 'object' ? whyWrong(value, within, { all, prefix: `${path}.` }) : undefined
    if (why !== undefined) return why
  }
  return undefined
}

const kinds: Readonly<Record<OptionKind | 'any', { readonly words: string; fits(value: unknown): boolean }>> = {
  list: { words: 'a list without gaps', fits: (value) => Array.isArray(value) && value.every(isGiven) },
  object: { words: 'an object', fits: isObject },
  function: { words: 'a function', fits: (value) => typeof value === 'function' },
  any: { words: 'given or left out', fits: isGiven },
}

function isGiven(value: unknown): boolean {
  return value !== null && value !== undefined
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string | undefined {
  if (Array.isArray(value)) return 'a list'
  // In the wrong place it may be a secret.
  if (typeof value === 'string') return 'a text'
  if (typeof value === 'function') return 'a function'
  return isObject(value) ? 'an object' : JSON.stringify(value)
}

function pathsOf(known: NameTree): string[] {
  return Object.entries(known).flatMap(([name, within]) =>
    typeof within === 'object' ? [name, ...pathsOf(within).map((path) => `${name}.${path}`)] : [name],
  )
}

/** An option that is in the wrong place has all but the same name: at most one letter of five is another. */
const sameName = 0.2

/** By the last name, among those in the same place; only one that has all but the same name may be elsewhere. */
function nearest(unknown: string, known: NameTree): string | undefined {
  const wanted = splitPath(unknown)
  const ranked = pathsOf(known).flatMap((path) => {
    const { place, name } = splitPath(path)
    const distance = distanceOf(wanted.name, name) / Math.max(wanted.name.length, name.length)
    const isElsewhere = place !== wanted.place
    return isElsewhere && distance > sameName ? [] : [{ path, distance, isElsewhere }]
  })
  return ranked.toSorted((a, b) => a.distance - b.distance || Number(a.isElsewhere) - Number(b.isElsewhere))[0]?.path
}

function splitPath(path: string): { readonly place: string; readonly name: string } {
  const dot = path.lastIndexOf('.')
  return { place: path.slice(0, dot + 1), name: path.slice(dot + 1).toLowerCase() }
}

/** How many letters have to be added, left out or replaced (Levenshtein). */
function distanceOf(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (const [row, letter] of [...a].entries()) {
    const current = [row + 1]
    for (let column = 1; column <= b.length; column += 1) {
      const [left = 0, up = 0, corner = 0] = [current[column - 1], above[column], above[column - 1]]
      current.push(Math.min(left + 1, up + 1, corner + (letter === b[column - 1] ? 0 : 1)))
    }
    above = current
  }
  return above.at(-1) ?? 0
}
