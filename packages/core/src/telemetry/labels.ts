import { type ChannelKey, channelId } from '../conversation.ts'
import type { TelemetryOptions } from './options.ts'

/** The labels of everything that belongs to a channel. */
export interface ChannelLabels {
  readonly tenant?: string
  readonly channel?: string
}

const other = 'other'

/**
 * Tenants and channels as labels. Every value costs memory here and in Prometheus for as long as the process lives, so their
 * number is bounded: who comes later shares one.
 */
export class Labels {
  readonly #known = new Map<string, ChannelLabels>()
  readonly #tenants = new Set<string>()
  readonly #most: { readonly tenants: number; readonly channels: number }
  readonly #others: ChannelLabels

  constructor({ tenantLabels = 100, channelLabels = 100 }: TelemetryOptions) {
    this.#most = { tenants: tenantLabels || 0, channels: channelLabels || 0 }
    this.#others = this.#of(other, other)
  }

  of(key: ChannelKey): ChannelLabels {
    const id = channelId(key)
    const known = this.#known.get(id)
    if (known) return known
    const tenant = this.#tenant(key.tenant)
    if (tenant === other) return this.#others
    if (this.#known.size >= this.#most.channels) return this.#of(tenant, other)
    const labels = this.#of(tenant, key.channel)
    this.#known.set(id, labels)
    return labels
  }

  #tenant(tenant: string): string {
    const { tenants: most } = this.#most
    // Where no tenant has a label, its channels may still have one.
    if (most === 0 || this.#tenants.has(tenant)) return tenant
    if (this.#tenants.size >= most) return other
    this.#tenants.add(tenant)
    return tenant
  }

  #of(tenant: string, channel: string): ChannelLabels {
    return {
      ...(this.#most.tenants > 0 ? { tenant } : {}),
      ...(this.#most.channels > 0 ? { channel } : {}),
    }
  }
}
