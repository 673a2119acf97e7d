import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Delivery, type OutboundMessage, type SendResult, WaAgentError } from '@wa-agent/core'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BadLine } from './file/parse-line.ts'
import { replyLine } from './file/reply-line.ts'
import { type FileTransport, type FileTransportOptions, fileTransport } from './file-transport.ts'
import { recordingHost } from './recording-host.ts'
import { virtualClock } from './virtual-clock.ts'

let folder: string
let paths: { in: string; out: string }
const running: FileTransport[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wa-agent-file-'))
  paths = { in: join(folder, 'in.jsonl'), out: join(folder, 'replies', 'out.jsonl') }
})

afterEach(async () => {
  await Promise.all(running.splice(0).map((transport) => transport.stop()))
  await rm(folder, { recursive: true })
})

async function started(options: Partial<FileTransportOptions> & { input?: string } = {}) {
  const { input = '', ...others } = options
  const clock = virtualClock({ startMs: 1000 })
  const host = recordingHost({ clock })
  await writeFile(paths.in, input)
  const badLines: BadLine[] = []
  const transport = fileTransport({ ...paths, onBadLine: (line) => badLines.push(line), ...others })
  running.push(transport)
  return { clock, host, transport, badLines }
}

async function read(input: string, options: Partial<FileTransportOptions> = {}) {
  const world = await started({ input, ...options })
  await world.transport.start(world.host)
  await world.transport.finished
  return world
}

function deliver(transport: FileTransport, delivery: Partial<Delivery> & { id: string }): Promise<SendResult> {
  return transport.send(complete(delivery), { signal: new AbortController().signal })
}

function complete(delivery: Partial<Delivery> & { id: string }): Delivery {
  return { chat: 'ana', message: { type: 'text', text: 'Hi' }, inReplyTo: ['1'], attempt: 1, ...delivery }
}

const find = (transport: FileTransport, id: string) =>
  transport.find?.(complete({ id }), { signal: new AbortController().signal })
const output = () => readFile(paths.out, 'utf8')
const texts = (messages: readonly unknown[]) => messages.map((message) => (message as { text: string }).text)

describe('the file of messages', () => {
  test('is handed over line by line, with ids and senders filled in', async () => {
    const { host } = await read(
      '{"id":"a","from":"ana","text":"one"}\n{"text":"two"}\n{"id":7,"from":49123,"text":"three","more":true}\n',
    )
    expect(host.received).toMatchObject([
      { type: 'text', id: 'a', chat: 'ana', from: { id: 'ana' }, text: 'one', sentAtMs: 1000 },
      { id: 'line-2', chat: 'line-2', from: { id: 'line-2' }, text: 'two' },
      { id: '7', chat: '49123', text: 'three' },
    ])
    expect(host.connections).toEqual(['connected'])
  })

  test('may have a byte order mark, carriage returns, blank lines, repeated ids and no line break at its end', async () => {
    const { host, badLines, transport } = await read(
      '\uFEFF{"text":"one"}\r\n\r\n   \n{"id":"a","text":"zwei ü👋"}\n{"id":"a","text":"3"}',
    )
    expect(texts(host.received)).toEqual(['one', 'zwei ü👋', '3'])
    expect(host.received.map(({ id }) => id)).toEqual(['line-1', 'a', 'a'])
    expect(badLines).toEqual([])
    expect(transport.progress).toMatchObject({ linesRead: 5, messagesReceived: 3, badLines: 0 })
    expect(transport.progress.bytesRead).toBe(transport.progress.totalBytes)
  })

  test('has lines whose made-up ids are never those that the file gives, and are the same in each run', async () => {
    const lines = [
      '{"id":"line-3","text":"a"}',
      '{"text":"b"}',
      '{"text":"c"}',
      '{"text":"d","from":"ana"}',
      '{"id":"line-3-2","text":"e"}',
      '{"id":"line\\u002d2","text":"f"}',
      '{"text":"g","from":"line-8"}',
      '{"text":"h"}',
      '{"id":"line-9","text":"i"}',
    ]
    const first = await read(lines.join('\n'))
    expect(first.host.received.map(({ id }) => id)).toEqual([
      'line-3',
      'line-2-2',
      'line-3-3',
      'line-4',
      'line-3-2',
      'line-2',
      'line-7',
      'line-8-2',
      'line-9',
    ])
    expect(first.host.received.map(({ chat }) => chat).at(-2)).toBe('line-8-2')
    const again = await read(lines.join('\n'))
    expect(again.host.received).toEqual(first.host.received)
  })

  test('has its bad lines reported by number and without their content, and the rest goes on', async () => {
    const lines = [
      '{"text":"one"}',
      'no json',
      '[1]',
      '"text"',
      'null',
      '{"id":"b"}',
      '{"text":5}',
      '{"id":"","text":"x"}',
    ]
    const { host, badLines } = await read([...lines, '{"text":"ok","from":true}', '{"text":"last"}'].join('\n'))
    expect(texts(host.received)).toEqual(['one', 'last'])
    expect(badLines).toEqual([
      { line: 2, reason: 'not JSON' },
      { line: 3, reason: 'not an object' },
      { line: 4, reason: 'not an object' },
      { line: 5, reason: 'not an object' },
      { line: 6, reason: '"text" is missing or not a string' },
      { line: 7, reason: '"text" is missing or not a string' },
      { line: 8, reason: '"id" must be 1-1024 valid characters or a whole number' },
      { line: 9, reason: '"from" must be 1-1024 valid characters or a whole number' },
    ])
  })

  test('may have lines of a megabyte, up to a limit', async () => {
    const long = JSON.stringify({ text: 'ü'.repeat(600_000) })
    const { host, badLines } = await read(`${long}\n${'x'.repeat(2_000_001)}\n{"text":"after"}`, {
      maxLineBytes: 2_000_000,
    })
    expect(host.received.map((message) => (message.type === 'text' ? message.text.length : 0))).toEqual([600_000, 5])
    expect(badLines).toEqual([{ line: 2, reason: 'the line is too long' }])
  })

  test('may be empty', async () => {
    const { host } = await read('')
    expect(host.calls).toBe(0)
  })

  test('is never read faster than it is taken', async () => {
    const line = JSON.stringify({ text: 'x'.repeat(180) })
    const { host, transport } = await started({ input: `${line}\n`.repeat(20_000), batchSize: 100 })
    const open = host.pause()
    await transport.start(host)
    await reached(() => host.calls > 0)
    for (let round = 0; round < 50; round += 1) await new Promise((resolve) => setImmediate(resolve))
    expect([host.calls, transport.progress.linesRead]).toEqual([1, 100])
    open()
    await transport.finished
    expect([host.calls, host.received.length]).toEqual([200, 20_000])
  })

  test('waits for a storage that is away, longer each time, and loses nothing', async () => {
    const { clock, host, transport } = await started({ input: '{"text":"one"}\n{"text":"two"}' })
    host.refuse(new WaAgentError('storage_unavailable', 'Later.', { retryable: true }), 3)
    await transport.start(host)
    await clock.finish(transport.finished)
    expect(clock.now()).toBe(1000 + 1000 + 2000 + 4000)
    expect(texts(host.received)).toEqual(['one', 'two'])
  })

  test('is given up where it will never be taken', async () => {
    const { host, transport } = await started({ input: '{"text":"one"}' })
    host.refuse(new WaAgentError('storage_corrupt', 'Broken.'))
    await transport.start(host)
    await expect(transport.finished).rejects.toMatchObject({ code: 'storage_corrupt' })
    expect(host.connections).toEqual(['connected', 'disconnected'])
  })

  test('must exist and be a file, and the error says which', async () => {
    const host = recordingHost()
    const missing = fileTransport({ in: join(folder, 'none.jsonl'), out: paths.out })
    await expect(missing.start(host)).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('none.jsonl'),
    })
    await expect(fileTransport({ in: folder, out: paths.out }).start(host)).rejects.toMatchObject({
      code: 'invalid_options',
    })
  })

  test('is left where it is on stop, and read from its beginning on the next start', async () => {
    const { host, transport } = await started({ input: '{"text":"x"}\n'.repeat(500), batchSize: 10 })
    const open = host.pause()
    await transport.start(host)
    await reached(() => host.calls > 0)
    const ended = expect(transport.finished).rejects.toMatchObject({ code: 'not_running' })
    const stopping = transport.stop()
    open()
    await stopping
    await ended
    expect([host.calls, host.connections.at(-1)]).toEqual([1, 'stopped'])
    await transport.start(host)
    await transport.finished
    expect(host.received).toHaveLength(510)
  })
})

describe('the file of replies', () => {
  test('gets a line for each reply, in a folder that is made', async () => {
    const { transport } = await read('')
    expect(await deliver(transport, { id: 'r1', inReplyTo: ['1', '2'] })).toEqual({ status: 'sent', providerId: 'r1' })
    await deliver(transport, { id: 'r2', message: { type: 'text', text: 'two\nlines' } })
    expect(await output()).toBe(
      '{"id":"r1","inReplyTo":["1","2"],"to":"ana","text":"Hi"}\n{"id":"r2","inReplyTo":["1"],"to":"ana","text":"two\\nlines"}\n',
    )
    expect(transport.progress.repliesWritten).toBe(2)
  })

  test('takes what is sent in one turn of the event loop, and meanwhile, together and in order', async () => {
    const { transport } = await read('')
    const ids = Array.from({ length: 300 }, (_, index) => `r${index}`)
    const first = Promise.all(ids.slice(0, 200).map((id) => deliver(transport, { id })))
    await new Promise((resolve) => setImmediate(resolve))
    await Promise.all([first, ...ids.slice(200).map((id) => deliver(transport, { id }))])
    expect(idsIn(await output())).toEqual(ids)
  })

  test('is appended to by the next run', async () => {
    const { transport, host } = await read('')
    await deliver(transport, { id: 'r1' })
    await transport.stop()
    await transport.start(host)
    await deliver(transport, { id: 'r2' })
    expect(idsIn(await output())).toEqual(['r1', 'r2'])
  })

  test('tells exactly which replies are in it, from this run and the ones before, also before it is started', async () => {
    const first = await read('')
    await deliver(first.transport, { id: 'r1' })
    await first.transport.stop()
    const { transport, host } = await started()
    expect([await find(transport, 'r1'), await find(transport, 'r2')]).toEqual([
      { status: 'sent', providerId: 'r1' },
      { status: 'absent' },
    ])
    await transport.start(host)
    const sending = deliver(transport, { id: 'r2' })
    expect(await find(transport, 'r2')).toEqual({ status: 'sent', providerId: 'r2' })
    await sending
    expect(await find(transport, 'r')).toEqual({ status: 'absent' })
  })

  test('gets a reply once, also when an attempt is repeated whose end was missed', async () => {
    const { transport } = await read('')
    await deliver(transport, { id: 'r1' })
    expect(await deliver(transport, { id: 'r1', attempt: 2 })).toEqual({ status: 'sent', providerId: 'r1' })
    expect(await deliver(transport, { id: 'r2', attempt: 2 })).toEqual({ status: 'sent', providerId: 'r2' })
    expect(idsIn(await output())).toEqual(['r1', 'r2'])
  })

  test('does not get what was aborted before it was written', async () => {
    const { transport } = await read('')
    const signal = AbortSignal.abort()
    expect(await transport.send(complete({ id: 'r1' }), { signal })).toMatchObject({
      status: 'failed',
      retryable: true,
    })
    expect(await output()).toBe('')
  })

  test('is not sent to before start or after stop', async () => {
    const { transport } = await read('')
    await transport.stop()
    await expect(deliver(transport, { id: 'r1' })).rejects.toMatchObject({ code: 'send_failed', retryable: true })
  })

  test('must be writable, and another file than the one that is read', async () => {
    await writeFile(join(folder, 'replies'), '')
    const { host, transport } = await started()
    await expect(transport.start(host)).rejects.toMatchObject({ code: 'invalid_options' })
    expect(() => fileTransport({ in: 'a/../b', out: './b' })).toThrow('another file than `in`')
    expect(() => fileTransport({ in: '', out: 'b' })).toThrow('the path of a file')
    expect(() => fileTransport({ in: 'a', out: 'b', batchSize: 0 })).toThrow('above 0')
  })

  test('is mended wherever its writer was killed: whole lines stay, a torn one goes, nothing is said twice', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 })
    const replies = fc.array(fc.record({ text, to: text, inReplyTo: fc.array(text, { maxLength: 2 }) }), {
      minLength: 1,
      maxLength: 4,
    })
    await fc.assert(
      fc.asyncProperty(replies, fc.nat(), async (contents, chance) => {
        const deliveries = contents.map(({ text, to, inReplyTo }, index) =>
          complete({ id: `r${index}`, chat: to, inReplyTo, message: { type: 'text', text } }),
        )
        const bytes = Buffer.from(deliveries.map(replyLine).join(''))
        const crashedAt = chance % (bytes.byteLength + 1)
        const { transport: again, host } = await started()
        await mkdir(dirname(paths.out), { recursive: true })
        await writeFile(paths.out, bytes.subarray(0, crashedAt))
        await again.start(host)
        for (const delivery of deliveries) {
          const signal = new AbortController().signal
          const found = await again.find?.(delivery, { signal })
          if (found?.status === 'absent') await again.send({ ...delivery, attempt: 2 }, { signal })
        }
        await again.stop()
        expect(await readFile(paths.out)).toEqual(bytes)
      }),
      { numRuns: 60 },
    )
  })

  test('keeps a last line that only lacks its line break, and drops one that is torn, however long', async () => {
    const { transport, host } = await read('')
    await transport.stop()
    await appendFile(paths.out, `{"id":"r1","text":"a"}\n{"id":"r2","text":"b"}`)
    await transport.start(host)
    expect(await find(transport, 'r2')).toEqual({ status: 'sent', providerId: 'r2' })
    await transport.stop()
    await appendFile(paths.out, `{"id":"r3","text":"${'x'.repeat(200_000)}`)
    await transport.start(host)
    expect(await output()).toBe('{"id":"r1","text":"a"}\n{"id":"r2","text":"b"}\n')
  })

  test.each<[OutboundMessage, string]>([
    [
      { type: 'image', media: { url: 'https://shop.test/a.png' }, caption: 'Look' },
      '[image: https://shop.test/a.png]\nLook',
    ],
    [{ type: 'document', media: { path: 'x', fileName: 'offer.pdf' } }, '[document: offer.pdf]'],
    [{ type: 'audio', media: { base64: '', mimeType: 'audio/ogg' }, voice: true }, '[audio: audio/ogg]'],
    [{ type: 'video', media: { path: 'a.mp4' } }, '[video: a.mp4]'],
    [{ type: 'sticker', media: { path: 'a.webp' } }, '[sticker: a.webp]'],
    [{ type: 'location', latitude: 1, longitude: 2, name: 'Shop' }, 'Shop\n[location: 1,2]'],
    [{ type: 'contacts', contacts: [{ name: 'Ana', phones: ['1'], emails: [] }] }, '[contact: Ana, 1]'],
    [{ type: 'reaction', emoji: '👍', to: 'x' }, '[reaction: 👍]'],
    [{ type: 'template', name: 'hello', language: 'en', parameters: ['Ana'] }, '[template: hello]\nAna'],
    [
      { type: 'buttons', text: 'Which?', footer: 'Thanks', buttons: [{ id: 's', title: 'Small' }] },
      'Which?\n1. Small\nThanks',
    ],
    [{ type: 'list', text: 'Which?', button: 'Open', sections: [{ rows: [{ id: 's', title: 'S' }] }] }, 'Which?\n1. S'],
  ])('puts into words what is no text: %j', async (message, text) => {
    const { transport } = await read('')
    await deliver(transport, { id: 'r1', message })
    expect(JSON.parse(await output())).toMatchObject({ text })
  })
})

const idsIn = (lines: string) =>
  lines
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id)

async function reached(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
