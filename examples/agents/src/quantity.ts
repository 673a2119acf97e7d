import { exceptWords, variantWords } from './vocabulary.ts'
import { indexWords, wordSet } from './words.ts'

/** Why a number is no quantity that can be ordered. */
export type QuantityProblem = 'zero' | 'negative' | 'fraction' | 'too-many'
export type Quantity = number | QuantityProblem

/** More of one thing is for a person to talk about. */
export const maxQuantity = 10_000

/** Words that are also something else in a language that customers write ("do", "das", "once") are left out. */
const values = indexWords<number>([
  [1, 'one single ein eine eins ek एक un uno una um uma واحد واحدة'],
  [2, 'two couple pair dos dois duas deux zwei दो اثنان اثنين'],
  [3, 'three tres trois drei teen tin तीन ثلاثة ثلاث'],
  [4, 'four cuatro quatro quatre vier char chaar चार اربعة اربع أربعة'],
  [5, 'five cinco cinq fünf panch paanch पांच पाँच خمسة خمس'],
  [6, 'six seis sechs chhe cheh छह छः ستة ست'],
  [7, 'seven siete sete sept sieben saat सात سبعة سبع'],
  [8, 'eight ocho oito huit acht aath आठ ثمانية ثمان'],
  [9, 'nine nueve nove neuf neun nau नौ تسعة تسع'],
  [10, 'ten diez dez dix zehn dus दस عشرة عشر'],
  [11, 'eleven onze elf gyarah ग्यारह'],
  [12, 'twelve dozen doce doze douze zwölf docena dúzia darjan barah बारह दर्जन دزينة'],
  [15, 'fifteen quince quinze fünfzehn pandrah पंद्रह'],
  [20, 'twenty veinte vinte vingt zwanzig bees बीस عشرون عشرين'],
  [25, 'pachees पच्चीस'],
  [30, 'thirty treinta trinta trente dreißig tees तीस ثلاثون ثلاثين'],
  [40, 'forty fourty cuarenta quarenta quarante vierzig chalis चालीस'],
  [50, 'fifty cincuenta cinquenta cinquante fünfzig pachas पचास خمسون خمسين'],
  [60, 'sixty sesenta sessenta'],
  [70, 'seventy setenta'],
  [80, 'eighty ochenta oitenta'],
  [90, 'ninety noventa'],
  [100, 'hundred cien ciento cem cento hundert sau सौ مئة مائة مية'],
  [200, 'doscientos doscientas duzentos duzentas مئتين'],
  [500, 'quinientos quinientas quinhentos quinhentas'],
  [1000, 'thousand mil mille tausend hazar हजार हज़ार الف ألف'],
])
const multipliers = new Set([12, 100, 1000])

/** "Minus 5" is -5. */
const negativeWords = wordSet('minus menos moins')
/** "In 2 days" and "one question" count no goods. */
const otherCounts = wordSet(
  'day days week weeks month months hour hours hr hrs minute minutes min mins people persons times question questions moment moments sec second seconds thing things días dias semanas tage tagen wochen stunden jours semaines heures',
)
/** "Before 5" is a time. */
const timesBefore = wordSet('before after until till')

const pronounBefore = wordSet('the that this which any each every no another other la el a o l esta ese este')

/** A number found in a text and how many words it took. */
export interface FoundQuantity {
  readonly quantity: Quantity
  readonly wordCount: number
}

/** The quantity that begins at word `at`: digits, words, or both ("2 dozen"). */
export function quantityAt(words: readonly string[], at: number): FoundQuantity | undefined {
  const first = words[at] ?? ''
  if (first === 'half' && words.slice(at + 1, at + 3).includes('dozen')) {
    return { quantity: 6, wordCount: words[at + 1] === 'dozen' ? 2 : 3 }
  }
  const written = digitsOf(first)
  const value = written ?? values.get(first)
  if (value === undefined || isPronoun(words, at)) return undefined
  if (!Number.isFinite(value)) return { quantity: 'too-many', wordCount: 1 }
  const { total, wordCount } = composed(words, at, value)
  const before = words[at - 1] ?? ''
  if (otherCounts.has(words[at + wordCount] ?? '') || timesBefore.has(before) || exceptWords.has(before))
    return undefined
  return { quantity: checked(negativeWords.has(before) ? -total : total), wordCount }
}

/** "That one" and "the large one" are no quantity. */
function isPronoun(words: readonly string[], at: number): boolean {
  const before = words[at - 1] ?? ''
  return values.get(words[at] ?? '') === 1 && (pronounBefore.has(before) || variantWords.has(before))
}

/** "Two hundred fifty", "twenty five", "10 dozen", "5 k". */
function composed(words: readonly string[], at: number, first: number) {
  let total = 0
  let current = first
  let end = at + 1
  for (; end < words.length; end += 1) {
    const word = words[end] ?? ''
    const next = word === 'k' ? 1000 : values.get(word)
    if (next === undefined) break
    if (multipliers.has(next) && current > 0 && current < next * 10) {
      current *= next
    } else if (next < 10 ? current >= 20 && current % 10 === 0 : next < 100 && current >= 100 && current % 100 === 0) {
      total += current
      current = next
    } else break
  }
  return { total: total + current, wordCount: end - at }
}

/** Of "1,000", "1.000", "2.5", "-3" and "1e9" the value; of a word `undefined`. */
function digitsOf(word: string): number | undefined {
  if (!/^-?\s?\d[\d.,]*(?:e\d+)?$/.test(word)) return undefined
  const bare = word.replace(/\s/g, '')
  const isGrouped = /^-?\d{1,3}(?:[.,]\d{3})+$/.test(bare)
  return Number(isGrouped ? bare.replace(/[.,]/g, '') : bare.replace(',', '.'))
}

function checked(value: number): Quantity {
  if (value < 0) return 'negative'
  if (value === 0) return 'zero'
  if (value > maxQuantity || Number.isNaN(value)) return 'too-many'
  return Number.isInteger(value) ? value : 'fraction'
}

const problems: Readonly<Record<QuantityProblem, string>> = {
  zero: 'I need a number of at least 1.',
  negative: 'I need a number of at least 1.',
  fraction: 'I can only take whole numbers.',
  'too-many': `That is more than I can take here (at most ${maxQuantity.toLocaleString('en-US')} of one thing). For bulk orders write *human*.`,
}

/** What to tell the customer about it. */
export function describeProblem(problem: QuantityProblem): string {
  return problems[problem]
}
