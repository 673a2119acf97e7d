import { isWaAgentError, WaAgentError } from '../errors.ts'
import { parseRetryAfterMs } from '../retry.ts'

/** What a server's refusal says, in machine words. */
export interface StatusFacts {
  readonly status: number
  readonly code: string | undefined
  readonly type: string | undefined
  readonly param: string | undefined
  /** May quote what was sent: to be searched, never to be shown. */
  readonly message: string
  readonly retryAfterMs: number | undefined
}

/** What the messages of errors name. */
export interface ErrorContext {
  readonly model: string
  readonly nowMs: number
}

const billingCodes = new Set([
  'credit_balance_exhausted',
  'insufficient_quota',
  'organization_spend_limit_exceeded',
  'organization_usage_limit_exceeded',
  'project_spend_limit_exceeded',
])

/** The facts of an HTTP refusal, thrown by the client or wrapped by us; `undefined` where there was no answer at all. */
export function statusFacts(error: unknown, nowMs = 0): StatusFacts | undefined {
  const original = isWaAgentError(error) ? error.cause : error
  // Looked at by its fields: the client may be a copy of `openai` that is not the one we would load.
  if (!(original instanceof Error) || !('status' in original) || typeof original.status !== 'number') return undefined
  const headers = 'headers' in original && original.headers instanceof Headers ? original.headers : undefined
  return {
    status: original.status,
    code: machineWord(original, 'code'),
    type: machineWord(original, 'type'),
    param: machineWord(original, 'param'),
    message: original.message,
    retryAfterMs: headers ? parseRetryAfterMs(headers, nowMs) : undefined,
  }
}

/** Whatever an attempt failed with, in our family: whether to try again is decided here, where the facts are. */
export function toModelError(error: unknown, context: ErrorContext): WaAgentError {
  if (isWaAgentError(error)) return error
  const facts = statusFacts(error, context.nowMs)
  if (!facts) {
    return new WaAgentError(
      'model_unavailable',
      `The server of model ${context.model} could not be reached. Check the network and \`baseURL\`, and try again.`,
      { retryable: true, cause: error },
    )
  }
  const { retryAfterMs } = facts
  const temporary = temporaryError(facts, context)
  if (temporary) {
    const hint = retryAfterMs === undefined ? {} : { retryAfterMs }
    return new WaAgentError(temporary.code, temporary.line, { retryable: true, cause: error, ...hint })
  }
  // Servers quote the key, or parts of it, when they refuse it.
  const mayQuoteKey = facts.status === 401 || facts.status === 403
  return new WaAgentError('model_failed', refusalLine(facts, context), mayQuoteKey ? {} : { cause: error })
}

/** An attempt that took longer than `timeoutMs`. */
export function attemptTimedOut(model: string, timeoutMs: number): WaAgentError {
  return new WaAgentError(
    'model_timeout',
    `Model ${model} gave no answer within ${timeoutMs} ms. Try again, or raise \`timeoutMs\` of openaiModel().`,
    { retryable: true },
  )
}

/** Something other than a chat completion, with a status that says all is well. */
export function notACompletion(model: string): WaAgentError {
  return new WaAgentError(
    'model_unavailable',
    `The server of model ${model} answered with something that is not a chat completion. Try again; if it stays, check that \`baseURL\` is that of an OpenAI-compatible API (it often ends in /v1).`,
    { retryable: true },
  )
}

/** The circuit is open: too many failures in a row. */
export function circuitOpen(model: string, retryAfterMs: number): WaAgentError {
  return new WaAgentError(
    'model_unavailable',
    `Model ${model} failed several times in a row and is left alone for now. Try again in ${retryAfterMs} ms.`,
    { retryable: true, retryAfterMs },
  )
}

/** An answer that cannot be used. */
export function modelFailed(model: string, reason: string): WaAgentError {
  return new WaAgentError('model_failed', `Model ${model} ${reason}`)
}

/** Whether the service itself is in trouble, as opposed to what was asked of it. */
export function isServiceFailure(error: unknown): boolean {
  return isWaAgentError(error) && (error.code === 'model_unavailable' || error.code === 'model_timeout')
}

interface TemporaryError {
  readonly code: 'model_rate_limited' | 'model_timeout' | 'model_unavailable'
  readonly line: string
}

function temporaryError(facts: StatusFacts, { model }: ErrorContext): TemporaryError | undefined {
  const { status } = facts
  const said = describeFacts(facts)
  if (status === 429 && !isAboutMoney(facts)) {
    return {
      code: 'model_rate_limited',
      line: `Model ${model} refused the request for now ${said}: too many. Try again later, or have the rate limit raised.`,
    }
  }
  if (status === 408) {
    return { code: 'model_timeout', line: `The server of model ${model} timed out ${said}. Try again.` }
  }
  if (status === 409 || status >= 500) {
    return { code: 'model_unavailable', line: `The server of model ${model} is in trouble ${said}. Try again later.` }
  }
  return undefined
}

function refusalLine(facts: StatusFacts, { model }: ErrorContext): string {
  const said = describeFacts(facts)
  if (isAboutMoney(facts)) {
    return `The account behind the API key has no credit or has reached its limit ${said}. Add credit or raise the limit.`
  }
  switch (facts.status) {
    case 401:
      return `The API key was refused ${said}. Check \`apiKey\` (or OPENAI_API_KEY) and that it belongs to \`baseURL\`.`
    case 403:
      return `The API key may not use model ${model} here ${said}. Check the key's permissions, or choose another \`model\`.`
    case 404:
      return `There is no model ${model} at this address ${said}. Check \`model\` and \`baseURL\` (it often ends in /v1).`
    default:
      return `Model ${model} refused the request ${said}. The \`cause\` holds the server's explanation.`
  }
}

function isAboutMoney({ status, code, type }: StatusFacts): boolean {
  return status === 402 || billingCodes.has(code ?? '') || billingCodes.has(type ?? '')
}

function describeFacts({ status, type, code, param }: StatusFacts): string {
  const words = [`HTTP ${status}`, type, code, param && `parameter ${param}`]
  return `(${words.filter((word) => word !== undefined && word !== '').join(', ')})`
}

/** A short identifier, or nothing: a sentence might quote a message or a key. */
function machineWord(error: Error, field: 'code' | 'type' | 'param'): string | undefined {
  const value: unknown = Reflect.get(error, field)
  return typeof value === 'string' && /^[a-z][\w.[\]]{0,63}$/i.test(value) ? value : undefined
}
