import type { OfferedChoice } from './conversation.ts'
import { normalizeKeyword } from './normalize.ts'

/** The words for 1 to 10, in the languages most of our users' customers write; more can be added by position. */
const numberWords: readonly (readonly string[])[] = [
  [
    'one',
    'first',
    '1st',
    'uno',
    'una',
    'primero',
    'primera',
    'um',
    'uma',
    'primeiro',
    'un',
    'premier',
    'premiere',
    'eins',
    'erste',
    'erster',
    'ek',
    'pehla',
    'satu',
    'एक',
    'पहला',
    'واحد',
    'الاول',
  ],
  [
    'two',
    'second',
    '2nd',
    'dos',
    'segundo',
    'segunda',
    'dois',
    'duas',
    'deux',
    'deuxieme',
    'zwei',
    'zweite',
    'due',
    'secondo',
    'do',
    'doosra',
    'dua',
    'दो',
    'दूसरा',
    'اثنان',
    'الثاني',
  ],
  [
    'three',
    'third',
    '3rd',
    'tres',
    'tercero',
    'tercera',
    'terceiro',
    'trois',
    'troisieme',
    'drei',
    'dritte',
    'tre',
    'terzo',
    'teen',
    'teesra',
    'tiga',
    'तीन',
    'तीसरा',
    'ثلاثة',
    'الثالث',
  ],
  [
    'four',
    'fourth',
    '4th',
    'cuatro',
    'cuarto',
    'quatro',
    'quarto',
    'quatre',
    'vier',
    'vierte',
    'quattro',
    'chaar',
    'char',
    'empat',
    'चार',
    'चौथा',
    'اربعة',
    'الرابع',
  ],
  [
    'five',
    'fifth',
    '5th',
    'cinco',
    'quinto',
    'cinq',
    'funf',
    'funfte',
    'cinque',
    'paanch',
    'panch',
    'lima',
    'पांच',
    'पाँच',
    'خمسة',
    'الخامس',
  ],
  ['six', 'sixth', '6th', 'seis', 'sexto', 'sechs', 'sechste', 'sei', 'cheh', 'enam', 'छह', 'ستة', 'السادس'],
  [
    'seven',
    'seventh',
    '7th',
    'siete',
    'septimo',
    'sete',
    'setimo',
    'sept',
    'sieben',
    'siebte',
    'sette',
    'saat',
    'tujuh',
    'सात',
    'سبعة',
    'السابع',
  ],
  [
    'eight',
    'eighth',
    '8th',
    'ocho',
    'octavo',
    'oito',
    'oitavo',
    'huit',
    'acht',
    'achte',
    'otto',
    'aath',
    'delapan',
    'आठ',
    'ثمانية',
    'الثامن',
  ],
  [
    'nine',
    'ninth',
    '9th',
    'nueve',
    'noveno',
    'nove',
    'nono',
    'neuf',
    'neun',
    'neunte',
    'nau',
    'sembilan',
    'नौ',
    'تسعة',
    'التاسع',
  ],
  [
    'ten',
    'tenth',
    '10th',
    'diez',
    'decimo',
    'dez',
    'dix',
    'zehn',
    'zehnte',
    'dieci',
    'das',
    'sepuluh',
    'दस',
    'عشرة',
    'العاشر',
  ],
]

const positions = new Map(numberWords.flatMap((words, index) => words.map((word) => [word, index + 1] as const)))

/** Words around a number that change nothing: "the second one please", "option 2". */
const fillers = new Set(
  'a an the one option number no nr choice please pls i want would like take ll choose pick el la los las opcion numero por favor o a opcao l le numero s il vous plait die der das nummer bitte number wala vala nomor'.split(
    ' ',
  ),
)

/**
 * Which of the offered choices a customer means: by number ("2", "2.", "2️⃣", "२"), by word ("second one"), by title, or by
 * the one title that the text contains or begins. `undefined` where that is not clear.
 */
export function findChoice(text: string, choices: readonly OfferedChoice[]): OfferedChoice | undefined {
  if (choices.length === 0 || text.length > 200) return undefined
  const said = normalizeKeyword(text)
  if (said === '') return undefined
  const exact = choices.find((choice) => normalizeKeyword(choice.title) === said || choice.id === text.trim())
  return exact ?? byPosition(said, choices) ?? byPartOfTitle(said, choices)
}

function byPosition(said: string, choices: readonly OfferedChoice[]): OfferedChoice | undefined {
  const words = said.split(/[\s.,:;)(#/-]+/u).filter(Boolean)
  const meaningful = words.filter((word) => !fillers.has(word))
  // "one" alone is the first choice, in "second one" it is a filler.
  const candidates = meaningful.length > 0 ? meaningful : words
  if (candidates.length !== 1) return undefined
  const word = candidates[0] ?? ''
  if (word === 'last') return choices.at(-1)
  const position = /^\d{1,3}$/.test(word) ? Number(word) : positions.get(word)
  return position === undefined ? undefined : choices[position - 1]
}

function byPartOfTitle(said: string, choices: readonly OfferedChoice[]): OfferedChoice | undefined {
  if (said.length < 3) return undefined
  const matches = choices.filter((choice) => {
    const title = normalizeKeyword(choice.title)
    return title.length >= 3 && (` ${said} `.includes(` ${title} `) || title.startsWith(`${said} `))
  })
  return matches.length === 1 ? matches[0] : undefined
}
