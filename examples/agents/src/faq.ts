import { type Agent, defineAgent } from '@wa-agent/core'
import { faqIntents } from './faq-intents.ts'
import { formatPrice } from './products.ts'
import { createIsOpen, describeHours, type ShopDetails } from './shop-details.ts'

/** Answers what every customer asks of every shop. It keeps no floor, so an order in progress goes on afterwards. */
export function faqAgent({ shop }: { readonly shop: ShopDetails }): Agent {
  const isOpen = createIsOpen(shop)
  const hours = describeHours(shop)
  const delivery = `We deliver in ${shop.deliveryDays}, anywhere in the country. Delivery is ${formatPrice(shop.deliveryCents)}, and free for orders from ${formatPrice(shop.freeDeliveryCents)}. You can also pick it up for free.`
  const answers = {
    hours: (nowMs: number) => `We are open ${hours}. Right now we are ${isOpen(nowMs) ? 'open' : 'closed'}.`,
    place: () => `You find us at ${shop.address}. We are open ${hours}.`,
    delivery: () => delivery,
    payment: () =>
      'You pay in cash or by card when the order arrives, or in the shop. An invoice comes with every order.',
    discount: () =>
      `Our prices are the same for everybody, and delivery is free from ${formatPrice(shop.freeDeliveryCents)}. For large quantities write *human* and a colleague will make you an offer.`,
    returns: () =>
      'You can return anything unused within 14 days and get your money back. If something is damaged or missing, write *human* and a colleague will sort it out.',
  }
  return defineAgent({
    name: 'faq',
    description: 'Opening hours, where the shop is, delivery, payment and returns.',
    intents: faqIntents,
    respond({ intent, nowMs, reply }) {
      reply.text(answers[intent?.name ?? 'delivery'](nowMs))
    },
  })
}
