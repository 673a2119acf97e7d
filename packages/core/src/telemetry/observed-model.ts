import type { Model, ModelUsage } from '../model.ts'
import type { SpanAttributes } from './span-attributes.ts'
import { currentTelemetry, type Telemetry } from './telemetry.ts'
import type { WorkSpan } from './work-span.ts'

/** A model whose calls are seen: each a span as OpenTelemetry's conventions for generative AI want it, and in the metrics. */
export function observedModel(model: Model): Model {
  return {
    name: model.name,
    generate(request, options) {
      const telemetry = currentTelemetry()
      if (!telemetry.isOn) return model.generate(request, options)
      const { purpose } = request
      const attributes = {
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': model.name,
        'wa_agent.purpose': purpose,
      }
      const name = `chat ${model.name}`
      return telemetry.spanFrom({ name, kind: 'CLIENT', attributes }, async (span) => {
        const call = new Call(telemetry, span, { model: model.name, purpose })
        try {
          const response = await model.generate(request, {
            ...options,
            onUsage: (usage) => {
              call.used(usage)
              options.onUsage?.(usage)
            },
          })
          call.ended('answered')
          return response
        } catch (error) {
          call.ended('failed')
          throw error
        }
      })
    },
  }
}

/** One call of a model, which may be billed in several parts. */
class Call {
  readonly #telemetry: Telemetry
  readonly #span: WorkSpan
  readonly #labels: SpanAttributes
  readonly #beganMs = performance.now()
  #total: ModelUsage = { inputTokens: 0, outputTokens: 0, costUsd: 0 }

  constructor(telemetry: Telemetry, span: WorkSpan, labels: { readonly model: string; readonly purpose: string }) {
    this.#telemetry = telemetry
    this.#span = span
    this.#labels = { ...telemetry.channelLabels, ...labels }
  }

  used({ inputTokens, outputTokens, costUsd }: ModelUsage): void {
    const { instruments } = this.#telemetry
    const labels = this.#labels
    instruments?.add('wa_agent_model_tokens_total', inputTokens, { ...labels, direction: 'input' })
    instruments?.add('wa_agent_model_tokens_total', outputTokens, { ...labels, direction: 'output' })
    instruments?.add('wa_agent_model_cost_usd_total', costUsd, labels)
    this.#total = {
      inputTokens: this.#total.inputTokens + inputTokens,
      outputTokens: this.#total.outputTokens + outputTokens,
      costUsd: this.#total.costUsd + costUsd,
    }
  }

  ended(result: 'answered' | 'failed'): void {
    const { instruments } = this.#telemetry
    instruments?.add('wa_agent_model_calls_total', 1, { ...this.#labels, result })
    instruments?.took('wa_agent_model_duration_seconds', performance.now() - this.#beganMs, this.#labels)
    this.#span.set({
      'gen_ai.usage.input_tokens': this.#total.inputTokens,
      'gen_ai.usage.output_tokens': this.#total.outputTokens,
      'wa_agent.cost_usd': this.#total.costUsd,
    })
  }
}
