import { WaAgentError } from './errors.ts'

/** Names of options; below one that has options of its own, their names. */
export interface NameTree {
  readonly [name: string]: true | NameTree
}

/** The names of all `Options`: the compiler tells where one is missing or too many. */
export type NamesOf<Options> = Readonly<Record<keyof Options, true | NameTree>>

/** Throws `invalid_options` for the first option that does not exist: a misspelt one would be ignored in silence. */
export function checkNames(factory: string, options: object, known: NameTree): void {
  const [unknown] = unknownPaths(options, known)
  if (unknown === undefined) return
  throw new WaAgentError(
    'invalid_options',
    `[${factory}] Expected options that exist, got \`${unknown}\`. The nearest one is \`${nearest(unknown, known)}\`.`,
  )
}

function unknownPaths(options: object, known: NameTree): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    const within = Object.hasOwn(known, name) ? known[name] : undefined
    if (within === undefined) return [name]
    if (within === true || typeof value !== 'object' || value === null) return []
    return unknownPaths(value, within).map((path) => `${name}.${path}`)
  })
}

function pathsOf(known: NameTree): string[] {
  return Object.entries(known).flatMap(([name, within]) =>
    within === true ? [name] : [name, ...pathsOf(within).map((path) => `${name}.${path}`)],
  )
}

/** By the last name, since an option may also be in the wrong place; of equals the one in the same place. */
function nearest(unknown: string, known: NameTree): string | undefined {
  const wanted = splitPath(unknown)
  const ranked = pathsOf(known).map((path) => {
    const { place, name } = splitPath(path)
    return { path, distance: distanceOf(wanted.name, name) + (place === wanted.place ? 0 : 0.5) }
  })
  return ranked.toSorted((a, b) => a.distance - b.distance)[0]?.path
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
