import { findProduct, formatPrice, type Product, products, type Variant } from './products.ts'

/** A product with its prices in a line: `Packing tape, a roll: clear tape (66 m) $1.90, ...`. */
export function describeProduct(product: Product): string {
  const variants = product.variants.map(
    (variant) => `${variant.title} ${formatPrice(variant.priceCents)}${sold(variant)}`,
  )
  return `${product.title} (${product.per}): ${variants.join(', ')}.`
}

/** The whole catalogue, a line a product, e.g. for a model. */
export function describeCatalogue(ids?: readonly string[]): string {
  const chosen = ids ? ids.map((id) => findProduct(id)).filter((product) => product !== undefined) : products
  return chosen.map(describeProduct).join('\n')
}

function sold({ soldOut }: Variant): string {
  return soldOut ? ' (sold out)' : ''
}
