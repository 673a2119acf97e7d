import type { Model } from './model.ts'

/** A model whose every answer is paid for: one that does not tell of its calls itself is charged by its response. */
export function meteredModel(model: Model): Model {
  return {
    name: model.name,
    async generate(request, options) {
      let isTold = false
      const onUsage: typeof options.onUsage = (usage) => {
        isTold = true
        options.onUsage?.(usage)
      }
      const response = await model.generate(request, { ...options, onUsage })
      if (!isTold) options.onUsage?.(response.usage)
      return response
    },
  }
}
