import { expect, test } from 'vitest'
import { answerSchema, cloudEventSchema } from './wire.ts'

const ofThisPc = { type: 'document', media: { path: 'session/Default/Cookies' } }
const ofTheCloud = { type: 'document', media: { base64: 'aGk=', mimeType: 'text/plain' } }

for (const [whose, message, isTaken] of [
  ['of this PC is not the cloud’s to send', ofThisPc, false],
  ['of the cloud is', ofTheCloud, true],
] as const) {
  test(`a file ${whose}: in an answer, and by itself`, () => {
    expect(answerSchema.safeParse({ replies: [{ id: 'r1', message }], handoff: null }).success).toBe(isTaken)
    expect(cloudEventSchema.safeParse({ type: 'message', id: 'n1', chat: 'anna', message }).success).toBe(isTaken)
  })
}
