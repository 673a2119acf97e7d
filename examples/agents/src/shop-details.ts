/** What the assistant knows of the shop besides its products. All texts and sums that mention it read it from here. */
export interface ShopDetails {
  readonly name: string
  readonly address: string
  /** IANA name; the opening hours are meant in it. */
  readonly timeZone: string
  /** Opening and closing hour from Sunday to Saturday; `undefined` on a day off. */
  readonly hours: readonly (readonly [number, number] | undefined)[]
  readonly deliveryCents: number
  /** From this sum on delivery costs nothing. */
  readonly freeDeliveryCents: number
  readonly deliveryDays: string
}

/** The shop of the examples. */
export const parcelCorner: ShopDetails = {
  name: 'Parcel Corner',
  address: '24 Harbour Street, next to the post office',
  timeZone: 'UTC',
  hours: [undefined, [9, 18], [9, 18], [9, 18], [9, 18], [9, 18], [10, 14]],
  deliveryCents: 500,
  freeDeliveryCents: 5000,
  deliveryDays: '2 to 4 working days',
}

const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** The opening hours in a line, days with the same hours together: `Monday to Friday 9:00 to 18:00, Saturday ...`. */
export function describeHours({ hours }: ShopDetails): string {
  const runs: { from: number; to: number; text: string }[] = []
  // A week that people read begins on Monday.
  for (const day of [1, 2, 3, 4, 5, 6, 0]) {
    const open = hours[day]
    const text = open ? `${open[0]}:00 to ${open[1]}:00` : 'closed'
    const last = runs.at(-1)
    if (last?.text === text) last.to = day
    else runs.push({ from: day, to: day, text })
  }
  return runs
    .map(({ from, to, text }) => {
      const days = from === to ? `${dayNames[from]}` : `${dayNames[from]} to ${dayNames[to]}`
      return `${days} ${text}`
    })
    .join(', ')
}

/** Whether the shop is open at that time. */
export function createIsOpen({ hours, timeZone }: ShopDetails): (nowMs: number) => boolean {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'long', hour: '2-digit', hourCycle: 'h23' })
  return (nowMs) => {
    const parts = format.formatToParts(nowMs)
    const partOf = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
    const open = hours[dayNames.indexOf(partOf('weekday'))]
    const hour = Number(partOf('hour'))
    return open !== undefined && hour >= open[0] && hour < open[1]
  }
}

/** What delivery costs for goods of this sum. */
export function deliveryFor(goodsCents: number, shop: ShopDetails): number {
  return goodsCents >= shop.freeDeliveryCents ? 0 : shop.deliveryCents
}
