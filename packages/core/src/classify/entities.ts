import type { ZodObject, ZodType } from 'zod'

/**
 * Those of the `found` values that fit the entities of an intent, each checked by itself: one that does not fit is left out
 * and takes no other with it.
 */
export function readEntities(
  entities: ZodObject | undefined,
  found: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  if (!entities) return {}
  const fitting: [string, unknown][] = []
  for (const [name, schema] of Object.entries(entities.shape)) {
    const value = Object.hasOwn(found, name) ? found[name] : undefined
    if (value === undefined || value === null) continue
    const result = (schema as ZodType).safeParse(value)
    if (result.success) fitting.push([name, result.data])
  }
  return Object.fromEntries(fitting)
}
