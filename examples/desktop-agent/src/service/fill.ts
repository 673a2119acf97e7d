/** What a template leaves open, e.g. `{{node}}`. */
export type Values = Readonly<Record<string, string>>

/** Puts values into a template, each written as its place wants it. Throws for a name that has no value. */
export function fill(template: string, values: Values, written: (value: string, name: string) => string): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_match, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`The template has {{${name}}}, which nobody fills in.`)
    return written(value, name)
  })
}

/** For the text of an element. */
export function inXml(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Between the quotation marks of a string in JSON. */
export function inJson(value: string): string {
  return JSON.stringify(value).slice(1, -1)
}

/** Between quotation marks of a systemd unit, where `%` begins a specifier. */
export function inUnit(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')
}
