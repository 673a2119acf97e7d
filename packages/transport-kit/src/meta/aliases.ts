import type { ContactAlias } from '@wa-agent/core'

interface Ids {
  readonly phones: readonly (string | undefined)[]
  readonly bsuids: readonly (string | undefined)[]
}

/** The ids of one person, each once. */
export function aliasesOf({ phones, bsuids }: Ids): ContactAlias[] {
  const known = (ids: readonly (string | undefined)[]) => [...new Set(ids)].filter((id) => id !== undefined)
  return [
    ...known(phones).map((value) => ({ kind: 'phone' as const, value })),
    ...known(bsuids).map((value) => ({ kind: 'bsuid' as const, value })),
  ]
}
