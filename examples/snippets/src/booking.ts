import { defineAgent } from '@wa-agent/core'
import { z } from 'zod'

// #region dialogue
export const booking = defineAgent({
  name: 'booking',
  description: 'Books a table.',
  intents: {
    book: {
      examples: ['I want to book a table', 'can I reserve a table for tonight', 'a table for four please'],
      rules: [/\btable for (?<people>\d+)\b/i],
      entities: z.object({ people: z.coerce.number().int().positive() }),
    },
  },
  session: z.object({ people: z.number().optional(), day: z.string().optional() }),
  respond({ intent, session, text, floor, reply }) {
    if (intent) session.people = intent.entities.people
    else if (session.people === undefined) session.people = Number.parseInt(text, 10) || undefined
    else session.day = text

    if (session.people === undefined) reply.text('For how many people?')
    else if (session.day === undefined) reply.text(`A table for ${session.people}. For which day?`)
    else reply.text(`Booked: ${session.people} people, ${session.day}.`)

    if (session.day === undefined) return floor.keep()
    floor.give()
    delete session.people
    delete session.day
  },
})
// #endregion
