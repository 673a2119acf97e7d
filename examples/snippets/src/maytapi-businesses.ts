// #region businesses
import { staticTenants } from '@wa-agent/server'

/** What stands after `?token=` in the address of each webhook. */
interface Secrets {
  readonly parcelCorner: string
  readonly boxHouse: string
}

/** Two businesses with numbers in one Maytapi product. */
export function twoBusinesses(product: { productId: string; apiKey: string; baseUrl?: string }, secrets: Secrets) {
  return staticTenants({
    tenants: [
      { id: 'parcel-corner', name: 'Parcel Corner', timeZone: 'Asia/Kolkata', settings: { requestsPerMinute: 120 } },
      { id: 'box-house', name: 'Box House', timeZone: 'Europe/Rome' },
    ],
    channels: [
      {
        tenant: 'parcel-corner',
        channel: 'main',
        transport: 'maytapi',
        credentials: { ...product, phoneId: 1150, webhookSecret: secrets.parcelCorner },
      },
      {
        tenant: 'box-house',
        channel: 'main',
        transport: 'maytapi',
        credentials: { ...product, phoneId: 1151, webhookSecret: secrets.boxHouse },
      },
    ],
  })
}
// #endregion
