const segmenter = new Intl.Segmenter()

/** One line of at most `maxLength` UTF-16 units, with an ellipsis where something is missing; characters stay whole. */
export function cut(text: string, maxLength: number): string {
  const line = text.replace(/\s+/g, ' ').trim()
  if (line.length <= maxLength) return line
  let kept = ''
  for (const { segment } of segmenter.segment(line)) {
    if (kept.length + segment.length > maxLength - 1) break
    kept += segment
  }
  return `${kept.trimEnd()}…`
}
