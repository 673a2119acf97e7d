import { normalizeKeyword } from '@wa-agent/core'
import { wordSet } from './words.ts'

const yesSigns = /👍|✅|👌|🆗|💯/u
const noSigns = /👎|❌|🚫/u

const yesWords = wordSet(
  'yes y ya yeah alright great cool super yea yep yess yesss yup yah sure ok okay okey okk k oki confirm confirmed correct right perfect fine done deal absolutely definitely please si sí claro vale dale listo correcto confirmo confirmar sim isso certo claro confirmado pode oui ouais exactement ja jawohl klar genau richtig certo va haan han haa ha ji thik theek sahi bilkul हाँ हां जी ठीक सही बिल्कुल نعم اي ايوه ايوا أيوة تمام اكيد أكيد موافق صح evet tamam olur da да ага iya ya betul 是 好 好的 对 はい 네',
)
const noWords = wordSet(
  'no n nope nah nop nothing nada nichts rien not non não nao nunca nein nee nö nicht nahi nahin nhi na mat नहीं नही ना मत لا لأ كلا مش hayır hayir нет tidak bukan 不 不是 いいえ 아니요',
)
const yesPhrases = wordSetOfPhrases([
  'go ahead',
  'go for it',
  'looks good',
  'sounds good',
  'all good',
  'thats right',
  "that's right",
  'place it',
  'place order',
  'place the order',
  'order',
  'order it',
  'order now',
  'send it',
  'go',
  'do it',
  'lets do it',
  "that's all",
  'thats all',
  "that's it",
  'thats it',
  'nothing else',
  'why not',
  'of course',
  'kar do',
  'kardo',
  'de acuerdo',
  'esta bien',
  'por supuesto',
  'esta certo',
  'pode ser',
  'pode mandar',
  'dac',
  "d'accord",
  'bien sur',
  "c'est bon",
  "c'est ca",
  'vas-y',
  'allez-y',
  'in ordnung',
  'alles klar',
  'auf jeden fall',
  'कर दो',
])
const fillers = wordSet(
  "please pls plz thanks thank you ty sir madam bro it is this that all the por favor gracias obrigado obrigada bhai hai gracias everything good hi a now asap today tomorrow then so well hmm hm um merci bitte danke svp s'il vous te plait plaît beaucoup है शुक्रिया شكرا",
)

function wordSetOfPhrases(phrases: readonly string[]): ReadonlySet<string> {
  return new Set(phrases.map(normalizeKeyword))
}

/** Whether a customer says yes or no, in any of many languages; `undefined` for anything more than that. */
export function answerOf(text: string): 'yes' | 'no' | undefined {
  if (text.length > 60) return undefined
  const said = normalizeKeyword(text)
  if (said === '') return yesSigns.test(text) ? 'yes' : noSigns.test(text) ? 'no' : undefined
  if (yesPhrases.has(said)) return 'yes'
  let answer: 'yes' | 'no' | undefined
  for (const word of said.split(/[\s,.!;]+/u)) {
    const meaning = yesWords.has(word) ? 'yes' : noWords.has(word) ? 'no' : undefined
    if (meaning === undefined && !fillers.has(word)) return afterFirst(said)
    if (answer !== undefined && meaning !== undefined && answer !== meaning) return undefined
    answer ??= meaning
  }
  return answer
}

/** "Yes, go ahead": a phrase after the word. */
function afterFirst(said: string): 'yes' | undefined {
  const blank = said.search(/[\s,]/u)
  if (blank < 0 || !yesWords.has(said.slice(0, blank).replace(/,$/, ''))) return undefined
  return yesPhrases.has(said.slice(blank + 1).trim()) ? 'yes' : undefined
}
