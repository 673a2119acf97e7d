/** Every kind of span, with OpenTelemetry's word for its role. A call of a model is named after the model instead. */
export const spanKinds = {
  /** A provider's request, from its first byte to the answer. */
  'wa_agent.webhook': 'SERVER',
  /** A desktop asks for the answer to messages, until it has it. */
  'wa_agent.desktop': 'SERVER',
  /** Jobs go into the queue. */
  'wa_agent.publish': 'PRODUCER',
  /** A job of the queue is handled. */
  'wa_agent.process': 'CONSUMER',
  /** Messages go into the storage. */
  'wa_agent.append': 'INTERNAL',
  /** The pending messages of a conversation are answered, once. */
  'wa_agent.turn': 'CONSUMER',
  'wa_agent.classify': 'INTERNAL',
  'wa_agent.route': 'INTERNAL',
  'wa_agent.respond': 'INTERNAL',
  /** One attempt to send one reply. */
  'wa_agent.send': 'CLIENT',
} as const

export type SpanName = keyof typeof spanKinds

/** The instrumentation scope of all spans and metrics. */
export const scopeName = '@wa-agent/core'
