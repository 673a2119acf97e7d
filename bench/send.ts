// What one send costs this process, 100 in flight to a sink on this machine: by undici's Pool, by the client of
// transport-kit, by ky and by fetch. CPU time, because that is what the bot has to pay; the sink is a process of its own.
//   npm run bench:send
import { fork } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createHttpClient } from '@wa-agent/transport-kit'
import ky from 'ky'
import { Pool } from 'undici'

const inFlight = 100
const callsPerRound = 3000
const rounds = 5
const timeoutMs = 30_000

const path = '/v25.0/106540352242922/messages'
const body = {
  messaging_product: 'whatsapp',
  recipient_type: 'individual',
  to: '16505551234',
  type: 'text',
  text: { body: 'Your order is on its way and should arrive tomorrow. '.repeat(4), preview_url: false },
  biz_opaque_callback_data: '0199d1c4-7f3e-7000-8000-0000000000aa',
}
const headers = { authorization: `Bearer ${'t'.repeat(200)}`, 'content-type': 'application/json' }

type Way = () => Promise<unknown>

function runSink(): void {
  const contacts = [{ input: body.to, wa_id: body.to }]
  const answer = JSON.stringify({
    messaging_product: 'whatsapp',
    contacts,
    messages: [{ id: `wamid.${'A'.repeat(50)}` }],
  })
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end(answer))
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
  process.on('disconnect', () => process.exit())
}

/** Each parses the answer, has a time limit and a signal where the way has them, and keeps its connections. */
function waysTo(origin: string): Readonly<Record<string, Way>> {
  const pool = new Pool(origin, { connections: inFlight, headersTimeout: timeoutMs, bodyTimeout: timeoutMs })
  const client = createHttpClient({ baseUrl: origin, timeoutMs, maxConnections: inFlight, headers: () => headers })
  const byKy = ky.create({ prefix: origin, retry: 0, throwHttpErrors: false, timeout: timeoutMs, headers })
  const { signal } = new AbortController()
  return {
    async undici() {
      const answer = await pool.request({ path, method: 'POST', headers, body: JSON.stringify(body) })
      return answer.body.json()
    },
    client: () => client.request({ method: 'POST', path, json: body, signal: new AbortController().signal }),
    async ky() {
      const answer = await byKy.post(path, { json: body, signal: new AbortController().signal })
      return answer.json()
    },
    async fetch() {
      const answer = await fetch(origin + path, { method: 'POST', headers, body: JSON.stringify(body), signal })
      return answer.json()
    },
  }
}

/** CPU microseconds a call. */
async function measure(way: Way): Promise<number> {
  let left = callsPerRound
  const before = process.cpuUsage()
  const worker = async () => {
    while (left > 0) {
      left -= 1
      await way()
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / callsPerRound
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

async function main(): Promise<void> {
  const sink = fork(fileURLToPath(import.meta.url), ['sink'])
  const port = await new Promise<number>((resolve) => sink.once('message', (message) => resolve(Number(message))))
  const ways = Object.entries(waysTo(`http://127.0.0.1:${port}`))
  const measured = new Map<string, number[]>(ways.map(([name]) => [name, []]))
  for (const [, way] of ways) await measure(way)
  // In turn, so that what else the machine does falls on all of them.
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, way] of ways) measured.get(name)?.push(await measure(way))
  }
  sink.disconnect()
  const micros = (name: string) => Math.round(median(measured.get(name) ?? []))
  const undiciMicros = micros('undici')
  const ratioOf = (name: string) => Number((micros(name) / undiciMicros).toFixed(2))
  console.log(`CPU per send, ${inFlight} in flight, median of ${rounds} rounds of ${callsPerRound} calls:`)
  for (const [name] of ways)
    console.log(`  ${name.padEnd(8)} ${String(micros(name)).padStart(5)} µs  ${ratioOf(name)} ×`)
  const result = { kyMicros: micros('ky'), undiciMicros, ratio: ratioOf('ky') }
  console.log(JSON.stringify({ ...result, clientMicros: micros('client'), clientRatio: ratioOf('client') }))
  process.exit()
}

if (process.argv[2] === 'sink') runSink()
else await main()
