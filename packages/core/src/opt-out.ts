import { type InboundMessage, textOf } from './message.ts'
import { keywordOf } from './normalize.ts'

/**
 * Words that end all messages, as a customer writes them alone. "Cancel" and "end" are not among them: in a shop they mean
 * the order.
 */
export const defaultStopWords: readonly string[] = [
  'stop',
  'stop please',
  'please stop',
  'stop it',
  'stop all',
  'stopall',
  'stop messages',
  'stop messaging',
  'stop messaging me',
  'stop sending messages',
  'stop texting me',
  'no more messages',
  'do not message me',
  "don't message me",
  'dont message me',
  'stop promotions',
  'unsubscribe',
  'unsubscribe me',
  'unsubscribe please',
  'opt out',
  'optout',
  'opt-out',
  'opt me out',
  'remove me',
  'stopp',
  'abmelden',
  'abbestellen',
  'arret',
  'arreter',
  'desabonner',
  'desinscrire',
  'baja',
  'parar',
  'dar de baja',
  'darme de baja',
  'sair',
  'descadastrar',
  'cancelar inscricao',
  'disiscriviti',
  'annulla iscrizione',
  'berhenti',
  'iptal',
  'стоп',
  'отписаться',
  'बंद',
  'बंद करो',
  'रोकें',
  'band karo',
  'توقف',
  'إيقاف',
  'إلغاء الاشتراك',
  'بند کرو',
  'הסר',
  'לא לשלוח',
  '停止',
  '退订',
  '退訂',
  '配信停止',
  '수신거부',
]

/** Words that take it back. */
export const defaultStartWords: readonly string[] = [
  'start',
  'unstop',
  'resume',
  'subscribe',
  'opt in',
  'optin',
  'opt-in',
  'anmelden',
  'reprendre',
  'abonner',
  'alta',
  'darme de alta',
  'voltar',
  'iscriviti',
  'mulai',
  'başla',
  'старт',
  'подписаться',
  'शुरू',
  'चालू',
  'shuru karo',
  'ابدأ',
  'اشتراك',
  '开始',
  '開始',
  '시작',
]

/** How an opt-out is recognised and confirmed. */
export interface OptOutOptions {
  /** Replaces the built-in words. */
  readonly stopWords?: readonly string[]
  readonly startWords?: readonly string[]
  /** Sent once when a customer has opted out. `false`: nothing. */
  readonly stopText?: string | false
  /** Sent when a customer has opted in again. `false`: nothing. */
  readonly startText?: string | false
}

/** What a message orders: no more messages, or messages again. */
export type OptOutOrder = 'stop' | 'start'

/** Recognises STOP and START and says what answers them. */
export interface OptOut {
  orderOf(message: InboundMessage): OptOutOrder | undefined
  readonly confirmation: Readonly<Record<OptOutOrder, string | false>>
}

/** Makes the recogniser of `options`. The whole message must be the word: "please stop calling it blue" is none. */
export function createOptOut(options: OptOutOptions = {}): OptOut {
  const stop = wordSet(options.stopWords ?? defaultStopWords)
  const start = wordSet(options.startWords ?? defaultStartWords)
  // Signs and accents around it aside, whatever is much longer than the longest word is no order.
  const maxLength = 2 * Math.max(32, ...[...stop, ...start].map((word) => word.length))
  return {
    orderOf(message) {
      if (message.fromMe || (message.type !== 'text' && message.type !== 'selection')) return undefined
      const text = textOf(message).trim()
      if (text.length > maxLength) return undefined
      const word = keywordOf(text)
      // In a group STOP would silence the bot for everybody, and is as likely meant for somebody else. START only ever frees.
      if (stop.has(word)) return message.isGroup ? undefined : 'stop'
      return start.has(word) ? 'start' : undefined
    },
    confirmation: {
      stop: options.stopText ?? 'You will not get any more messages from us. Write START to get them again.',
      start: options.startText ?? 'Welcome back. You will get our messages again.',
    },
  }
}

/** An empty word would make an order of every empty message. */
function wordSet(words: readonly string[]): ReadonlySet<string> {
  return new Set(words.map(keywordOf).filter((word) => word !== ''))
}
