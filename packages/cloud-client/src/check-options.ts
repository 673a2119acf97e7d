import { checkNames, type NamesOf, WaAgentError } from '@wa-agent/core'
import type { CloudLinkOptions } from './cloud-link.ts'
import type { CloudPipelineOptions } from './cloud-pipeline.ts'

const pipelineNames: NamesOf<CloudPipelineOptions> = {
  url: true,
  tenantId: true,
  apiKey: true,
  channel: true,
  timeoutMs: true,
  circuit: { maxFailures: true, coolDownMs: true },
  maxAgeMs: true,
  tooOld: true,
  media: true,
  onEvent: 'function',
  fetch: 'function',
  clock: 'object',
  random: 'function',
  logger: 'object',
}

const linkNames: NamesOf<CloudLinkOptions> = {
  pipeline: 'object',
  bot: 'object',
  transport: 'object',
  phone: true,
  device: true,
  version: true,
  capabilities: 'object',
  whatsApp: 'function',
  battery: 'function',
  stream: true,
  streamSilenceMs: true,
  requestTimeoutMs: true,
  random: 'function',
}

/** Throws `invalid_options` for the first option of `cloudPipeline` that cannot be. */
export function checkPipelineOptions(options: CloudPipelineOptions): void {
  checkNames('cloudPipeline', options, pipelineNames)
  const { url, tenantId, apiKey, timeoutMs = 1, maxAgeMs = 1, tooOld = 'handoff' } = options
  if (!isHttp(url)) throw wrong('url', 'the address of the server, e.g. https://cloud.example', url)
  if (typeof tenantId !== 'string' || tenantId === '') throw wrong('tenantId', 'the id of the tenant', tenantId)
  // The key itself is never shown.
  if (typeof apiKey !== 'string' || !/^[\x21-\x7e]+$/.test(apiKey)) throw wrong('apiKey', 'the API key', typeof apiKey)
  if (!(timeoutMs > 0)) throw wrong('timeoutMs', 'a number above 0', timeoutMs)
  if (!(maxAgeMs > 0)) throw wrong('maxAgeMs', 'a number above 0', maxAgeMs)
  if (tooOld !== 'handoff' && typeof tooOld.text !== 'string') throw wrong('tooOld', '"handoff" or { text }', tooOld)
}

/** Throws `invalid_options` for the first option of `cloudLink` that cannot be. */
export function checkLinkOptions(options: CloudLinkOptions): void {
  checkNames('cloudLink', options, linkNames)
  const { pipeline, bot, transport } = options
  if (!pipeline?.connection) throw wrongLink('pipeline', 'what cloudPipeline() made')
  if (typeof bot?.send !== 'function') throw wrongLink('bot', 'the bot of this desktop')
  if (typeof transport?.tenant !== 'string' || typeof transport.channel !== 'string')
    throw wrongLink('transport', 'the transport of the bot that is on this number')
}

function isHttp(url: unknown): boolean {
  return typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

function wrong(name: string, expected: string, got: unknown): WaAgentError {
  const message = `[cloudPipeline] Expected \`${name}\` to be ${expected}, got ${JSON.stringify(got)}.`
  return new WaAgentError('invalid_options', message)
}

function wrongLink(name: string, expected: string): WaAgentError {
  return new WaAgentError('invalid_options', `[cloudLink] Expected \`${name}\` to be ${expected}.`)
}
