import { execFile } from 'node:child_process'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { openaiModel } from './index.ts'

const run = promisify(execFile)
const entry = new URL('./index.ts', import.meta.url).href

/** An OpenAI-compatible server, as small as they come. */
async function compatibleServer() {
  const requests: { readonly url: string | undefined; readonly headers: IncomingMessage['headers'] }[] = []
  const server = createServer((request, response) => {
    requests.push({ url: request.url, headers: request.headers })
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json')
      if (requests.length === 1) {
        response.writeHead(503, { 'retry-after-ms': '1' }).end('{"error":"loading the model"}')
        return
      }
      response.end(JSON.stringify({ choices: [{ message: { role: 'assistant', content: 'Hello' } }] }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    baseURL: `http://127.0.0.1:${port}/v1`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Runs a module in a process of its own, with `hooks` around what it imports, and gives what it prints. */
async function runModule(code: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const args = ['--conditions=@wa-agent/source', '--input-type=module', '--eval', code]
  const { stdout } = await run(process.execPath, args, { env: { ...env, PATH: process.env['PATH'] } })
  return stdout.trim()
}

const countLoads = `
  import { registerHooks } from 'node:module'
  globalThis.loads = 0
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'openai' || specifier.startsWith('openai/')) globalThis.loads += 1
      return next(specifier, context)
    },
  })
`

const pretendMissing = `
  import { registerHooks } from 'node:module'
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== 'openai') return next(specifier, context)
      throw Object.assign(new Error("Cannot find package 'openai'"), { code: 'ERR_MODULE_NOT_FOUND' })
    },
  })
`

const ask = `{ purpose: 'respond', instructions: 'x', messages: [] }, { signal: new AbortController().signal }`

test('asks a real server without a key, and without the one in the environment', async () => {
  await using server = await compatibleServer()
  const model = openaiModel({ baseURL: server.baseURL, model: 'llama', random: () => 0 })
  const { signal } = new AbortController()
  const request = { purpose: 'respond', instructions: 'x', messages: [] } as const
  expect((await model.generate(request, { signal })).text).toBe('Hello')
  expect(server.requests.map(({ url }) => url)).toEqual(['/v1/chat/completions', '/v1/chat/completions'])

  const code = `
    const { openaiModel } = await import(${JSON.stringify(entry)})
    const model = openaiModel({ baseURL: ${JSON.stringify(server.baseURL)}, model: 'llama' })
    console.log((await model.generate(${ask})).text)
  `
  const env = { OPENAI_API_KEY: 'sk-env', OPENAI_ADMIN_KEY: 'sk-admin', OPENAI_ORG_ID: 'org-env', OPENAI_LOG: 'debug' }
  expect(await runModule(code, env)).toBe('Hello')
  expect(JSON.stringify(server.requests)).not.toMatch(/sk-|org-env/)
  for (const { headers } of server.requests) expect(headers.authorization).toBeUndefined()
})

test('loads the openai package with the first question only', async () => {
  await using server = await compatibleServer()
  const code = `
    ${countLoads}
    const { openaiModel } = await import(${JSON.stringify(entry)})
    const model = openaiModel({ baseURL: ${JSON.stringify(server.baseURL)} })
    const before = globalThis.loads
    await model.generate(${ask})
    console.log(JSON.stringify({ before, after: globalThis.loads }))
  `
  expect(JSON.parse(await runModule(code))).toEqual({ before: 0, after: 1 })
})

test('asks for the openai package by name when it is missing', async () => {
  const code = `
    ${pretendMissing}
    const { openaiModel } = await import(${JSON.stringify(entry)})
    const error = await openaiModel({ apiKey: 'key' }).generate(${ask}).catch((thrown) => thrown)
    console.log(JSON.stringify({ name: error.name, code: error.code, retryable: error.retryable, message: error.message }))
  `
  expect(JSON.parse(await runModule(code))).toEqual({
    name: 'WaAgentError',
    code: 'invalid_options',
    retryable: false,
    message: expect.stringContaining('npm install openai'),
  })
})
