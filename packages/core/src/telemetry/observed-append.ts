import type { ChannelKey } from '../conversation.ts'
import type { TraceHeaders } from '../trace-headers.ts'
import { spanAttributesOf } from './attributes.ts'
import type { Telemetry } from './telemetry.ts'

/** Puts messages of a channel into the storage, in a span of its own: `append` gets the trace that goes in with them. */
export function observeAppend<Result>(
  telemetry: Telemetry,
  { channel, count }: { readonly channel: ChannelKey; readonly count: number },
  append: (trace: TraceHeaders | undefined) => Promise<Result>,
): Promise<Result> {
  if (!telemetry.isOn) return append(undefined)
  const attributes = { ...spanAttributesOf(channel), 'messaging.batch.message_count': count }
  return telemetry.span('wa_agent.append', attributes, () => append(telemetry.injectTrace()))
}
