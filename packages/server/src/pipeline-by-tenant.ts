import { type Pipeline, WaAgentError } from '@wa-agent/core'
import { wrongOption } from './option-error.ts'

/** Options of `pipelineByTenant`. */
export interface PipelineByTenantOptions {
  /** By id of the tenant. */
  readonly tenants: Readonly<Record<string, Pipeline>>
  /** For every other tenant. Without it their turns fail and become dead letters. */
  readonly otherwise?: Pipeline
}

/** One pipeline that gives each tenant its own agents. Starts and stops each of them once. Throws `invalid_options`. */
export function pipelineByTenant(options: PipelineByTenantOptions): Pipeline {
  const { otherwise } = options
  const byTenant = new Map(Object.entries(options.tenants ?? {}))
  const pipelines = [...new Set([...byTenant.values(), ...(otherwise ? [otherwise] : [])])]
  if (pipelines.length === 0) throw wrongOption('tenants', 'at least one pipeline', options.tenants)
  for (const pipeline of pipelines)
    if (typeof pipeline?.run !== 'function') throw wrongOption('tenants', 'pipelines from createPipeline()', pipeline)
  let started: Pipeline[] = []

  async function stop(): Promise<void> {
    const stopping = started.reverse()
    started = []
    const failures: unknown[] = []
    for (const pipeline of stopping) await pipeline.stop?.().catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }

  return {
    historyLimit: Math.max(...pipelines.map((pipeline) => pipeline.historyLimit)),
    async start() {
      try {
        for (const pipeline of pipelines) {
          if (started.includes(pipeline)) continue
          await pipeline.start?.()
          started.push(pipeline)
        }
      } catch (error) {
        await stop().catch(() => undefined)
        throw error
      }
    },
    async run(input, runOptions) {
      const pipeline = byTenant.get(input.tenant ?? 'default') ?? otherwise
      if (!pipeline) throw noAgents()
      const { history } = input
      if (!history || history.length <= pipeline.historyLimit) return pipeline.run(input, runOptions)
      // Another tenant's pipeline may want more of the past than this one asked for.
      const wanted = pipeline.historyLimit === 0 ? [] : history.slice(-pipeline.historyLimit)
      return pipeline.run({ ...input, history: wanted }, runOptions)
    },
    stop,
  }
}

function noAgents(): WaAgentError {
  return new WaAgentError(
    'not_found',
    '[server] This tenant has no pipeline. Add it to `tenants` of pipelineByTenant(), or pass `otherwise`.',
  )
}
