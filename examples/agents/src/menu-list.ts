import type { Reply } from '@wa-agent/core'

/** What the assistant can do, to choose from. The ids are rules of the agents that do it. */
export function showMenu(reply: Reply, text: string): void {
  const rows = [
    { id: 'menu:order', title: 'Order something' },
    { id: 'menu:products', title: 'Products and prices' },
    { id: 'menu:status', title: 'Where is my order?' },
    { id: 'menu:delivery', title: 'Delivery' },
    { id: 'menu:hours', title: 'Opening hours' },
    { id: 'menu:human', title: 'Talk to a person' },
  ]
  reply.list({ text, button: 'Menu', sections: [{ rows }] })
}
