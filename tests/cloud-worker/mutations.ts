import fc from 'fast-check'
import { fixture, fixtureNames, type TransportName } from './providers.ts'

/** What stands where something else was expected. */
const strange = fc.oneof(
  fc.constantFrom<unknown>(null, '', -1, 0, 1e300, true, {}, [], [[]], [null], { length: 3 }, '\u0000', '\ud800'),
  fc.constantFrom<unknown>('__proto__', 'constructor', '../../etc/passwd', "'; DROP TABLE inbox; --"),
  fc.constant({ hasOwnProperty: 'x', toString: 1 }),
  fc.nat({ max: 20_000 }).map((length) => 'x'.repeat(length)),
  fc.nat({ max: 3000 }).map((length) => Array.from({ length }, () => ({}))),
  fc.nat({ max: 800 }).map(nested),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.double(),
  fc.jsonValue(),
)

function nested(depth: number): unknown {
  let value: unknown = 'deep'
  for (let index = 0; index < depth; index += 1) value = index % 2 === 0 ? [value] : { value }
  return value
}

type Change = (value: unknown) => unknown

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 3, arbitrary: strange.map((value) => () => value) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Change>(
      () => undefined,
      (value) => [value, value],
      (value) => JSON.stringify(value),
    ),
  },
)

/** A fixture of the transport with some of its values changed, as JSON. */
export function mutated(name: TransportName): fc.Arbitrary<string> {
  const changes = fc.array(fc.tuple(fc.nat(), change), { minLength: 1, maxLength: 4 })
  return fc.tuple(fc.constantFrom(...fixtureNames(name)), changes).map(([file, all]) => {
    const body = all.reduce(
      (value, [place, apply]) => changedAt(value, { left: place % countOf(value) }, apply),
      freshened(fixture(name, file)),
    )
    return JSON.stringify(body) ?? 'null'
  })
}

function countOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce<number>((count, one) => count + countOf(one), 1)
}

/** Another tree, with the value at this place changed. */
function changedAt(value: unknown, place: { left: number }, apply: Change): unknown {
  place.left -= 1
  if (place.left === -1) return apply(value)
  if (Array.isArray(value)) return value.map((one) => changedAt(one, place, apply))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, changedAt(one, place, apply)]))
}

/** With the times of now, so that what is valid is answered. */
function freshened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(freshened)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, freshened(one)]))
  }
  const isText = typeof value === 'string' && /^1[67]\d{8}(\d{3})?$/.test(value)
  const time = isText || typeof value === 'number' ? Number(value) : 0
  const isMs = time > 1.6e12 && time < 1.9e12
  if (!isMs && !(time > 1.6e9 && time < 1.9e9)) return value
  const now = isMs ? Date.now() : Math.floor(Date.now() / 1000)
  return isText ? String(now) : now
}
