import { z } from 'zod'
import { capabilitiesSchema, commandEventSchema } from './protocol.ts'

const recordSchema = z.object({
  session: z.string().optional(),
  phone: z.string().optional(),
  device: z.string().optional(),
  version: z.string().optional(),
  capabilities: capabilitiesSchema.optional(),
  lastSeenMs: z.number().optional(),
  paused: z.boolean().default(false),
  commands: z.array(commandEventSchema).default([]),
})

/** What of a desktop survives a restart of the cloud: whose turn it is, and what it was ordered to do. */
export type DeskRecord = z.output<typeof recordSchema>

/** Reads what was remembered. What cannot be read is forgotten: the desktop will register again. */
export function readDeskRecord(json: string | undefined): DeskRecord {
  try {
    return recordSchema.parse(JSON.parse(json ?? '{}'))
  } catch {
    return recordSchema.parse({})
  }
}
