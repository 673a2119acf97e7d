import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fileTransport } from '../file-transport.ts'
import { simulatedWhatsApp } from '../simulated-whatsapp.ts'
import { virtualClock } from '../virtual-clock.ts'
import { simulatedHarness } from './simulated-harness.ts'
import { skipReason, type TransportHarness, type TransportSkips, transportConformance } from './transport.ts'

function trial(name: string, create: () => Promise<TransportHarness>, skips: TransportSkips = {}): void {
  describe(name, () => {
    for (const one of transportConformance) {
      const reason = skipReason(one, skips)
      test.skipIf(reason !== undefined)(reason ? `${one.name} (skipped: ${reason})` : one.name, () => one.run(create))
    }
    test('skips only what the suite knows', () => {
      const features = new Set(transportConformance.map(({ feature }) => feature))
      expect(Object.keys(skips).filter((feature) => !features.has(feature as keyof TransportSkips))).toEqual([])
    })
  })
}

async function fileHarness(): Promise<TransportHarness> {
  const clock = virtualClock()
  const folder = await mkdtemp(join(tmpdir(), 'wa-agent-conformance-'))
  const paths = { in: join(folder, 'in.jsonl'), out: join(folder, 'out.jsonl') }
  const transport = fileTransport(paths)
  return {
    transport,
    clock,
    async start(host, messages = []) {
      const lines = messages.map(({ id, chat, text }) => `${JSON.stringify({ id, from: chat, text })}\n`)
      await writeFile(paths.in, lines.join(''))
      await transport.start(host)
    },
    async arrived() {
      const lines = (await readFile(paths.out, 'utf8')).split('\n').filter(Boolean)
      return lines.map((line) => {
        const { to, text } = JSON.parse(line) as { to: string; text: string }
        return { chat: to, text }
      })
    },
    until: (condition) => clock.runUntil(condition),
    pass: (ms) => clock.advance(ms),
    dispose: () => rm(folder, { recursive: true }),
  }
}

trial('simulatedWhatsApp', async () => {
  const clock = virtualClock()
  const whatsapp = simulatedWhatsApp({ clock })
  return simulatedHarness({ transport: whatsapp.transport, whatsapp, clock })
})
trial('fileTransport', fileHarness, {
  acknowledgement: 'a file is not told anything; it is read again from its beginning',
  'catch-up': 'the whole file is read at each start',
  connection: 'a file has no connection',
  faults: 'a disk does not fail on demand',
  'incoming-later': 'the file is read once, at the start',
  'incoming-media': 'lines are texts',
  redelivery: 'a line is read once in a run',
})
