import { circuitBreaker } from '../circuit-breaker.ts'
import type { GenerateOptions } from '../model.ts'
import { retry } from '../retry.ts'
import { orAborted } from './abortable.ts'
import { type ChatAnswer, type ChatRequest, readCompletion } from './chat-api.ts'
import { buildChatRequest, type Question } from './chat-request.ts'
import { lazyClient } from './load-client.ts'
import { attemptTimedOut, circuitOpen, isServiceFailure, notACompletion, toModelError } from './openai-errors.ts'
import type { Settings } from './options.ts'
import { usageOf } from './prices.ts'
import { serverLimits } from './server-limits.ts'

/** Asks the server one question, with all the patience that the settings allow; the answer is billed. */
export type AskChat = (question: Question, options: GenerateOptions) => Promise<ChatAnswer>

// The attempt is timed by our clock; the client's own timer, which cannot be switched off, must not come first.
const noClientTimeoutMs = 2 ** 31 - 1

/** The way to one server and model; what it learns about them, and its circuit breaker, last as long as it does. */
export function chatCaller(settings: Settings): AskChat {
  const { model, clock, random, logger } = settings
  const client = lazyClient(settings)
  const limits = serverLimits()
  const breaker = circuitBreaker({
    clock,
    ...settings.breaker,
    refuse: (retryAfterMs) => circuitOpen(model, retryAfterMs),
    isFailure: isServiceFailure,
    onChange: (state) => logger.warn({ model, state }, 'model circuit changed'),
  })

  const attempt = async (sent: ChatRequest, signal: AbortSignal): Promise<ChatAnswer> => {
    const timeout = new AbortController()
    const cancelTimer = clock.after(settings.timeoutMs, () => timeout.abort(attemptTimedOut(model, settings.timeoutMs)))
    const either = AbortSignal.any([signal, timeout.signal])
    try {
      const { completions } = (await client()).chat
      const work = completions.create(sent, { signal: either, maxRetries: 0, timeout: noClientTimeoutMs })
      const answer = readCompletion(await orAborted(work, either))
      if (!answer) throw notACompletion(model)
      return answer
    } catch (error) {
      if (either.aborted) throw either.reason
      throw toModelError(error, { model, nowMs: clock.now() })
    } finally {
      cancelTimer()
    }
  }

  const send = (sent: ChatRequest, signal: AbortSignal): Promise<ChatAnswer> =>
    retry(() => breaker.run(() => attempt(sent, signal)), {
      clock,
      random,
      signal,
      maxRetries: settings.maxRetries,
      maxMs: settings.maxRetryDelayMs,
      onRetry: ({ attempt: number, delayMs, error }) =>
        logger.warn({ model, attempt: number, delayMs, code: codeOf(error) }, 'model call is tried again'),
    })

  const askAdapting = async (question: Question, signal: AbortSignal): Promise<ChatAnswer> => {
    const learntNow = new Set<string>()
    for (;;) {
      const sent = buildChatRequest(question, settings, limits)
      try {
        return await send(sent, signal)
      } catch (error) {
        const learnt = limits.learn(error, { sent, output: question.request.output })
        // Each round learns something else of a fixed list, so it ends.
        if (learnt === undefined || learntNow.has(learnt)) throw error
        learntNow.add(learnt)
        logger.warn({ model, refused: learnt }, 'model server refused a feature and is asked without it')
      }
    }
  }

  return async (question, { signal, onUsage }) => {
    const startedAt = clock.now()
    const answer = await askAdapting(question, signal)
    const usage = usageOf(answer.tokens, settings.prices)
    const { purpose } = question.request
    logger.debug({ model, purpose, ...usage, durationMs: clock.now() - startedAt }, 'model answered')
    onUsage?.(usage)
    return answer
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
