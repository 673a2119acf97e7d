/** The same with some of its parts replaced. */
export function withParts<Whole extends object>(whole: Whole, part: (name: string) => unknown): Whole {
  return new Proxy(whole, {
    get(target, name) {
      const value: unknown = part(String(name)) ?? Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
