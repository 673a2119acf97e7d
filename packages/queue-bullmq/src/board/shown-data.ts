/** What may be seen of a job: whose it is and how large, not what a customer wrote. */
export function shownData(data: unknown): unknown {
  const { id, tenant, channel } = (data ?? {}) as Readonly<Record<string, unknown>>
  const length = JSON.stringify(data)?.length ?? 0
  return { id, tenant, channel, data: `hidden, ${length} characters in all` }
}

/** The heading of a job. All have the same name in Redis, so that it costs nothing. */
export function shownName(job: unknown): string {
  const { data } = (job ?? {}) as { readonly data?: { readonly tenant?: unknown; readonly channel?: unknown } }
  return `${data?.tenant} / ${data?.channel}`
}
