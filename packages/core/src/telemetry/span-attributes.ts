/** Attributes of a span or labels of a metric. No text, no name and no number of a customer belongs here: see `tagOf`. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | string[] | undefined>>
