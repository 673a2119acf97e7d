import type { Sequence } from './sequence.ts'

/**
 * An index over all rows by something random touches another page with every row, and writing pages is what a commit
 * costs. Rows that are searched for rarely are indexed within slices of `seq` instead: new rows touch only the few pages
 * of the newest slice, and a search looks into one slice after another, newest first, 60 for a million rows.
 */
export const mailShift = 14

/** Provider ids are longer than numbers, so their slices are smaller. */
export const sentShift = 12

/** The slices that may hold rows with a seq greater than `since`, newest first. */
export function* slices(
  sequence: Sequence,
  { shift, since }: { readonly shift: number; readonly since: number },
): Generator<number> {
  const last = slice(sequence.last, shift)
  const first = slice(Math.max(since + 1, sequence.first), shift)
  for (let current = last; current >= first; current -= 1) yield current
}

/** Not `>>`: JavaScript's works on 32 bits. */
function slice(seq: number, shift: number): number {
  return Math.floor(seq / 2 ** shift)
}
