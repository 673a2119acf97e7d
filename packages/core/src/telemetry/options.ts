import { WaAgentError } from '../errors.ts'

/** What OpenTelemetry calls a `TracerProvider`. Told by its shape, because its package need not be there. */
export interface TracerProviderLike {
  getTracer(name: string): object
}

/** What OpenTelemetry calls a `MeterProvider`. */
export interface MeterProviderLike {
  getMeter(name: string): object
}

/**
 * Where traces and metrics go. Without anything they go to the providers that the application has registered, if any. What
 * listens brings `@opentelemetry/api` along.
 */
export interface TelemetryOptions {
  /** Default: the global one of `@opentelemetry/api`, as it is at `start`. */
  readonly tracerProvider?: TracerProviderLike
  /** Default: the global one of `@opentelemetry/api`, as it is at `start`. A server's is `prometheusMetrics().meterProvider`. */
  readonly meterProvider?: MeterProviderLike
  /**
   * So many tenants have a label of their own in the metrics, those that come first; all others are `other`. `false`: there is
   * no such label. Default 100.
   */
  readonly tenantLabels?: number | false
  /** The same for channels, of all tenants together. Default 100. */
  readonly channelLabels?: number | false
}

/** Checks the options. Throws `invalid_options` for a number that cannot be; `factory` is what they were given to. */
export function readTelemetryOptions(factory: string, options: TelemetryOptions = {}): TelemetryOptions {
  const { tenantLabels, channelLabels } = options
  for (const [name, value] of Object.entries({ tenantLabels, channelLabels })) {
    if (value === undefined || value === false || (Number.isInteger(value) && value > 0)) continue
    throw new WaAgentError(
      'invalid_options',
      `[${factory}] Expected \`telemetry.${name}\` to be a whole number above 0 or false, got ${JSON.stringify(value)}.`,
    )
  }
  return options
}
