/** One thing that can be bought: a product in one size or kind. */
export interface Variant {
  /** What identifies it within its product, the main one first: `l` for large. */
  readonly keys: readonly [string, ...string[]]
  /** In a list to choose from; at most 24 characters, which is what a WhatsApp row holds. */
  readonly title: string
  /** In an order, after the quantity: `10 × large box (40×30×20 cm)`. */
  readonly label: string
  /** In a question: `How many large boxes do you need?` */
  readonly plural: string
  readonly priceCents: number
  /** Absent: it can be bought. */
  readonly soldOut?: true
}

/** What the shop sells. */
export interface Product {
  readonly id: string
  /** In a sentence: `We have boxes available.` */
  readonly name: string
  /** In the list of all products, at most 24 characters. */
  readonly title: string
  /** Asked when there are several variants. */
  readonly question: string
  /** What the price is for: `each`, `a roll`. */
  readonly per: string
  readonly variants: readonly [Variant, ...Variant[]]
}

/** The catalogue of a small packaging shop. Prices are whole cents, so that sums are exact. */
export const products: readonly Product[] = [
  {
    id: 'boxes',
    name: 'boxes',
    title: 'Cardboard boxes',
    question: 'Which size do you need?',
    per: 'each',
    variants: [
      {
        keys: ['s'],
        title: 'Small 20×15×10 cm',
        label: 'small box (20×15×10 cm)',
        plural: 'small boxes',
        priceCents: 60,
      },
      {
        keys: ['m'],
        title: 'Medium 30×20×15 cm',
        label: 'medium box (30×20×15 cm)',
        plural: 'medium boxes',
        priceCents: 95,
      },
      {
        keys: ['l'],
        title: 'Large 40×30×20 cm',
        label: 'large box (40×30×20 cm)',
        plural: 'large boxes',
        priceCents: 150,
      },
      {
        keys: ['xl'],
        title: 'Extra large 60×40×40 cm',
        label: 'extra large box (60×40×40 cm)',
        plural: 'extra large boxes',
        priceCents: 280,
      },
    ],
  },
  {
    id: 'tape',
    name: 'packing tape',
    title: 'Packing tape',
    question: 'Which kind do you need?',
    per: 'a roll',
    variants: [
      {
        keys: ['clear'],
        title: 'Clear tape 66 m',
        label: 'clear tape (66 m)',
        plural: 'rolls of clear tape',
        priceCents: 190,
      },
      {
        keys: ['brown'],
        title: 'Brown tape 66 m',
        label: 'brown tape (66 m)',
        plural: 'rolls of brown tape',
        priceCents: 180,
      },
      {
        keys: ['fragile'],
        title: '"Fragile" tape 66 m',
        label: '"fragile" tape (66 m)',
        plural: 'rolls of "fragile" tape',
        priceCents: 260,
      },
    ],
  },
  {
    id: 'bubble-wrap',
    name: 'bubble wrap',
    title: 'Bubble wrap',
    question: 'Which roll do you need?',
    per: 'a roll',
    variants: [
      {
        keys: ['s'],
        title: 'Small roll 30 cm × 10 m',
        label: 'small roll of bubble wrap (30 cm × 10 m)',
        plural: 'small rolls of bubble wrap',
        priceCents: 450,
      },
      {
        keys: ['m'],
        title: 'Medium roll 50 cm × 50 m',
        label: 'medium roll of bubble wrap (50 cm × 50 m)',
        plural: 'medium rolls of bubble wrap',
        priceCents: 1800,
      },
      {
        keys: ['l', 'xl'],
        title: 'Large roll 1 m × 100 m',
        label: 'large roll of bubble wrap (1 m × 100 m)',
        plural: 'large rolls of bubble wrap',
        priceCents: 6200,
        soldOut: true,
      },
    ],
  },
  {
    id: 'labels',
    name: 'labels',
    title: 'Labels and stickers',
    question: 'Which kind do you need?',
    per: 'a roll',
    variants: [
      {
        keys: ['shipping'],
        title: 'Shipping labels, 250',
        label: 'roll of 250 shipping labels (10×15 cm)',
        plural: 'rolls of shipping labels',
        priceCents: 990,
      },
      {
        keys: ['fragile'],
        title: '"Fragile" stickers, 100',
        label: 'roll of 100 "fragile" stickers',
        plural: 'rolls of "fragile" stickers',
        priceCents: 420,
      },
    ],
  },
  {
    id: 'envelopes',
    name: 'padded envelopes',
    title: 'Padded envelopes',
    question: 'Which size do you need?',
    per: 'a pack of 25',
    variants: [
      {
        keys: ['a5', 's'],
        title: 'A5, pack of 25',
        label: 'pack of 25 padded envelopes A5',
        plural: 'packs of A5 envelopes',
        priceCents: 550,
      },
      {
        keys: ['a4', 'm'],
        title: 'A4, pack of 25',
        label: 'pack of 25 padded envelopes A4',
        plural: 'packs of A4 envelopes',
        priceCents: 790,
      },
      {
        keys: ['a3', 'l', 'xl'],
        title: 'A3, pack of 25',
        label: 'pack of 25 padded envelopes A3',
        plural: 'packs of A3 envelopes',
        priceCents: 1050,
      },
    ],
  },
  {
    id: 'packing-paper',
    name: 'packing paper',
    title: 'Packing paper',
    question: 'How many do you need?',
    per: 'a bundle',
    variants: [
      {
        keys: ['only'],
        title: 'Bundle of 5 kg',
        label: 'bundle of packing paper (5 kg)',
        plural: 'bundles of packing paper (5 kg)',
        priceCents: 1100,
      },
    ],
  },
  {
    id: 'stretch-film',
    name: 'stretch film',
    title: 'Stretch film',
    question: 'How many do you need?',
    per: 'a roll',
    variants: [
      {
        keys: ['only'],
        title: 'Roll 45 cm × 300 m',
        label: 'roll of stretch film (45 cm × 300 m)',
        plural: 'rolls of stretch film (45 cm × 300 m)',
        priceCents: 840,
      },
    ],
  },
]

const byId = new Map(products.map((product) => [product.id, product]))

/** The product of that id. */
export function findProduct(id: string | undefined): Product | undefined {
  return id === undefined ? undefined : byId.get(id)
}

/** The variant that `key` means; of a product with one variant that one, whatever the key. */
export function findVariant(product: Product, key: string | undefined): Variant | undefined {
  if (product.variants.length === 1) return product.variants[0]
  return key === undefined ? undefined : product.variants.find((variant) => variant.keys.includes(key))
}

/** What a button or a list row that chooses this variant carries. */
export function pickId(product: Product, variant: Variant): string {
  return `pick:${product.id}:${variant.keys[0]}`
}

/** `$1,250.00`; by hand, because the formatter of `Intl` takes longer than the rest of an answer. */
export function formatPrice(cents: number): string {
  const dollars = String(Math.trunc(cents / 100)).replace(/\B(?=(?:\d{3})+$)/g, ',')
  return `$${dollars}.${String(cents % 100).padStart(2, '0')}`
}

/** `$1.50 each`, or that it is sold out. */
export function describePrice(product: Product, variant: Variant): string {
  const price = `${formatPrice(variant.priceCents)} ${product.per}`
  return variant.soldOut ? `${price}, sold out` : price
}
