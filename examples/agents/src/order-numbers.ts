/** How customers name an order: `PK1001`, `order no. 1001`. Blanks are counted, so that no text can keep it busy. */
const named = String.raw`(?:\bPK[\s-]?|\b(?:order|pedido|bestellung|commande)\s{0,3}(?:number|numero|número|nummer|no\.?|nr\.?|nº|n°)?\s{0,3}#?\s{0,3})(?<number>\d{4,9})\b`
/** Wants a cancellation; "don't cancel" and "was it cancelled?" do not. */
const cancelling = String.raw`(?<!\b(?:not|don['’]?t|never) )\b(?:cancel(?!l?ed\b)|stornier|annul)`

/** Rules for an order by its number, whatever is wanted but to cancel it. */
export const orderByNumber: readonly RegExp[] = [
  new RegExp(`^(?!.*${cancelling}).*?${named}`, 'isu'),
  /(?:ऑर्डर|طلب|الطلب)\s{0,3}(?:नंबर|رقم)?\s{0,3}#?\s{0,3}(?<number>\d{4,9})(?!\d)/u,
]

/** Rules for cancelling one: "cancel order 1234", "order PK1234 cancel please", "cancel #1234". */
export const cancelByNumber: readonly RegExp[] = [
  new RegExp(String.raw`${cancelling}\p{L}*\b[\p{L} ]{0,30}?${named}`, 'iu'),
  new RegExp(String.raw`${named}\W{1,3}(?:please |pls )?${cancelling}`, 'iu'),
  /^\s{0,3}(?:please |pls )?cancel\p{L}* (?:it )?(?:no\.? ?|nr\.? ?|# ?)?(?<number>\d{4,9})(?: please| pls)?\W*$/iu,
]
