import type { TransportCase, TransportSkips } from './transport-harness.ts'
import { incomingCases } from './transport-incoming.ts'
import { lifeCases } from './transport-life.ts'
import { outgoingCases } from './transport-outgoing.ts'

export type {
  ArrivedMessage,
  CustomerText,
  ProviderFault,
  TransportCase,
  TransportFeature,
  TransportHarness,
  TransportSkips,
} from './transport-harness.ts'

/** A case for every promise of the `Transport` port. */
export const transportConformance: readonly TransportCase[] = [...lifeCases, ...incomingCases, ...outgoingCases]

/** Why a case is not tried on a transport with these `skips`; `undefined` where it is. */
export function skipReason({ feature }: TransportCase, skips: TransportSkips): string | undefined {
  return feature === undefined ? undefined : skips[feature]
}
