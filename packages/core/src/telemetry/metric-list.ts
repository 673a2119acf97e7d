/** One metric, as data. */
export interface MetricDefinition {
  readonly kind: 'counter' | 'histogram' | 'gauge'
  readonly description: string
  /** OpenTelemetry's unit. The name says it as well, because not every exporter adds it. */
  readonly unit?: 's' | '1'
  /** The upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[]
  /** Of each conversation's tenant and channel, or the whole process'. */
  readonly of: 'channel' | 'process'
  /** Further labels. */
  readonly labels?: readonly string[]
}

/** From 5 ms, what a turn without a model takes, to 2 minutes, where most customers have gone. */
const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120]

/** Every metric of core, by the name under which Prometheus shows it. */
export const metricList = {
  wa_agent_messages_received_total: {
    kind: 'counter',
    description: 'Messages that came in; duplicate and echo: known already, refused: no message.',
    of: 'channel',
    labels: ['status'],
  },
  wa_agent_turns_total: {
    kind: 'counter',
    description: 'Attempts at a turn; failed: it is tried again, dead: it is not.',
    of: 'channel',
    labels: ['result'],
  },
  wa_agent_turn_duration_seconds: {
    kind: 'histogram',
    description: 'From the start of an attempt at a turn to its commit.',
    unit: 's',
    buckets: seconds,
    of: 'channel',
    labels: ['result'],
  },
  wa_agent_turn_wait_seconds: {
    kind: 'histogram',
    description: 'From the arrival of the first message of a turn to the start of its first attempt.',
    unit: 's',
    buckets: seconds,
    of: 'channel',
  },
  wa_agent_response_time_seconds: {
    kind: 'histogram',
    description: 'From the arrival of the first message of a turn until its first reply was accepted by the provider.',
    unit: 's',
    buckets: seconds,
    of: 'channel',
  },
  wa_agent_sends_total: {
    kind: 'counter',
    description: 'How attempts to send ended; failed: the provider took it and could not deliver it.',
    of: 'channel',
    labels: ['result'],
  },
  wa_agent_send_duration_seconds: {
    kind: 'histogram',
    description: 'How long the transport took for one attempt to send.',
    unit: 's',
    buckets: seconds,
    of: 'channel',
    labels: ['result'],
  },
  wa_agent_deliveries_total: {
    kind: 'counter',
    description: 'What providers told later about replies of ours.',
    of: 'channel',
    labels: ['status'],
  },
  wa_agent_classifications_total: {
    kind: 'counter',
    description: 'Which step of the cascade decided what a turn is about.',
    of: 'channel',
    labels: ['step'],
  },
  wa_agent_retries_total: {
    kind: 'counter',
    description: 'Turns and sends that failed and are tried again.',
    of: 'channel',
    labels: ['kind'],
  },
  wa_agent_dead_letters_added_total: {
    kind: 'counter',
    description: 'Turns and replies that became dead letters.',
    of: 'channel',
    labels: ['kind'],
  },
  wa_agent_claims_missed_total: {
    kind: 'counter',
    description:
      'Conversations that were called for and could not be had: another worker has them, or nothing is due any more.',
    of: 'channel',
  },
  wa_agent_leases_lost_total: {
    kind: 'counter',
    description: 'Conversations that another worker took over while this one worked on them.',
    of: 'channel',
  },
  wa_agent_handoffs_total: {
    kind: 'counter',
    description: 'Conversations that a person took over or gave back.',
    of: 'channel',
    labels: ['change', 'by'],
  },
  wa_agent_opt_outs_total: {
    kind: 'counter',
    description: 'Customers who wrote STOP (out) or START (in).',
    of: 'channel',
    labels: ['change'],
  },
  wa_agent_errors_total: {
    kind: 'counter',
    description: 'What went wrong in the engine and is told by no other metric.',
    of: 'process',
    labels: ['code'],
  },
  wa_agent_model_calls_total: {
    kind: 'counter',
    description: 'Requests to models.',
    of: 'channel',
    labels: ['model', 'purpose', 'result'],
  },
  wa_agent_model_duration_seconds: {
    kind: 'histogram',
    description: 'How long a model took, tools included.',
    unit: 's',
    buckets: seconds,
    of: 'channel',
    labels: ['model', 'purpose'],
  },
  wa_agent_model_tokens_total: {
    kind: 'counter',
    description: 'Tokens that models were paid for.',
    of: 'channel',
    labels: ['model', 'purpose', 'direction'],
  },
  wa_agent_model_cost_usd_total: {
    kind: 'counter',
    description: 'What models have cost, in USD; 0 where the price is not known.',
    of: 'channel',
    labels: ['model', 'purpose'],
  },
  wa_agent_pending_messages: {
    kind: 'gauge',
    description: 'Messages in the storage that wait for their turn. The same in every process of one storage.',
    of: 'process',
  },
  wa_agent_pending_replies: {
    kind: 'gauge',
    description: 'Replies in the storage that are not sent yet. The same in every process of one storage.',
    of: 'process',
  },
  wa_agent_dead_letters: {
    kind: 'gauge',
    description: 'Dead letters that nobody has decided on. The same in every process of one storage.',
    of: 'process',
  },
  wa_agent_pending_oldest_age_seconds: {
    kind: 'gauge',
    description: 'For how long the oldest pending message has waited; 0 where none waits.',
    unit: 's',
    of: 'process',
  },
  wa_agent_conversations: {
    kind: 'gauge',
    description: 'Conversations in the storage. The same in every process of one storage.',
    of: 'process',
  },
  wa_agent_conversations_working: {
    kind: 'gauge',
    description: 'Conversations that this process works on now.',
    of: 'process',
  },
  wa_agent_conversations_parked: {
    kind: 'gauge',
    description: 'Conversations of this process whose replies wait for a connection.',
    of: 'process',
  },
  wa_agent_queue_depth: {
    kind: 'gauge',
    description: 'Jobs that wait in the queue. The same in every process of one queue.',
    of: 'process',
  },
  wa_agent_queue_working: {
    kind: 'gauge',
    description: 'Jobs of the queue in the hands of this process.',
    of: 'process',
  },
  wa_agent_queue_dead_letters: {
    kind: 'gauge',
    description: 'Jobs that failed for good. The same in every process of one queue.',
    of: 'process',
  },
  wa_agent_queue_oldest_age_seconds: {
    kind: 'gauge',
    description: 'For how long the oldest waiting job has waited; 0 where none waits.',
    unit: 's',
    of: 'process',
  },
  wa_agent_connection_state: {
    kind: 'gauge',
    description: '1 for the state in which a channel is; absent where its transport never told one.',
    of: 'channel',
    labels: ['state'],
  },
  wa_agent_circuit_state: {
    kind: 'gauge',
    description: '1 for the state of the circuit of a channel; absent until it opens for the first time.',
    of: 'channel',
    labels: ['state'],
  },
  wa_agent_heartbeat_timestamp_seconds: {
    kind: 'gauge',
    description: 'When this process last looked for work and reached its storage, in seconds since 1970.',
    unit: 's',
    of: 'process',
  },
  wa_agent_last_message_timestamp_seconds: {
    kind: 'gauge',
    description: 'When a message last came in, in seconds since 1970.',
    unit: 's',
    of: 'channel',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>

type NamesOf<Kind> = {
  [Name in keyof typeof metricList]: (typeof metricList)[Name]['kind'] extends Kind ? Name : never
}[keyof typeof metricList]

export type CounterName = NamesOf<'counter'>
export type HistogramName = NamesOf<'histogram'>
export type GaugeName = NamesOf<'gauge'>
