import type { OfferedChoice } from './conversation.ts'
import { keywordOf, normalizeKeyword } from './normalize.ts'

/** The words for 1 to 10, in the languages most of our users' customers write. Beyond 10 people write digits. */
const cardinals = lazily(() =>
  indexed([
    'one uno un um eins ek satu один एक واحد',
    'two dos dois duas deux zwei due do dua два दो اثنان اثنين',
    'three tres trois drei tre teen tiga три तीन ثلاثة',
    'four cuatro quatro quatre vier quattro chaar char empat четыре चार اربعة',
    'five cinco cinq fünf cinque paanch panch lima пять पांच पाँच خمسة',
    'six seis sechs sei cheh chhe enam шесть छह छः ستة',
    'seven siete sete sept sieben sette saat tujuh семь सात سبعة',
    'eight ocho oito huit acht otto aath delapan восемь आठ ثمانية',
    'nine nueve nove neuf neun nau sembilan девять नौ تسعة',
    'ten diez dez dix zehn dieci sepuluh десять दस عشرة 🔟',
  ]),
)

/** What stands first, second, ... in a list: never a quantity. */
const ordinals = lazily(() =>
  indexed([
    'first 1st primero primera primer primeiro primeira premier première erste erster erstes primo prima pehla pehli pertama первый पहला पहली الأول الأولى',
    'second 2nd segundo segunda deuxième seconde zweite zweiter zweites secondo seconda doosra doosri dusra dusri kedua второй दूसरा दूसरी الثاني الثانية',
    'third 3rd tercero tercera tercer terceiro terceira troisième dritte dritter drittes terzo terza teesra teesri tisra tisri ketiga третий तीसरा तीसरी الثالث الثالثة',
    'fourth 4th cuarto cuarta quarto quarta quatrième vierte vierter viertes chautha chauthi keempat четвертый चौथा चौथी الرابع الرابعة',
    'fifth 5th quinto quinta cinquième fünfte fünfter fünftes paanchva kelima пятый पांचवां पाँचवाँ الخامس الخامسة',
    'sixth 6th sexto sexta sixième sechste sechster sechstes sesto sesta keenam шестой छठा السادس السادسة',
    'seventh 7th séptimo séptima sétimo sétima septième siebte siebter siebtes settimo settima ketujuh седьмой सातवां السابع السابعة',
    'eighth 8th octavo octava oitavo oitava huitième achte achter achtes ottavo ottava kedelapan восьмой आठवां الثامن الثامنة',
    'ninth 9th noveno novena nono nona neuvième neunte neunter neuntes kesembilan девятый नौवां التاسع التاسعة',
    'tenth 10th décimo décima dixième zehnte zehnter zehntes decimo decima kesepuluh десятый दसवां العاشر العاشرة',
  ]),
)

const lastWords = wordSet(
  'last último última dernier dernière letzte letzter letztes ultimo ultima aakhri akhri terakhir последний आखिरी आख़िरी अंतिम الأخير الأخيرة',
)

/** What says that a number is the number of a choice. */
const labels = wordSet(
  'option number nr choice opción número opção nummer numéro numero opzione nomor pilihan nambar номер вариант विकल्प नंबर नम्बर رقم الخيار',
)

/** Words around a choice that change nothing: "the second one please", "ok, option 2". */
const fillers = wordSet(
  "the please pls choose pick select ok okay yes go with for then thanks el la los las lo il por favor per favore le les s'il vous te plait plaît l'option o a die der das bitte wala wali vala vali वाला वाली yang пожалуйста من فضلك",
)

/** With these a number may as well be a quantity: "I want 2". */
const wishes = wordSet(
  "i i'd i'll we want would like will take need have get give me quiero dame deme quero je j'aimerais voudrais veux prends ich möchte will nehme voglio vorrei prendo mujhe chahiye do mau saya хочу मुझे चाहिए اريد",
)

/** "A second please" asks to wait. */
const waiting = /\b(?:a|one|1|just) second\b/
/** Signs that make a number something else than a place in a list: a price, a share, a sum, less than nothing. */
const otherNumber = /[\p{Sc}%+]|(?:^|\s)[-\u2212\u2013]\p{Nd}/u

/**
 * Which of the offered choices a customer means: by number ("2", "2.", "2️⃣", "२"), by word ("second one", "the last"), by
 * title or by how one title begins, with nothing but polite words around it. `undefined` where that is not clear: "2 boxes"
 * is left to the agent, with what it says beside the choice.
 */
export function findChoice(text: string, choices: readonly OfferedChoice[]): OfferedChoice | undefined {
  if (choices.length === 0 || text.length > 200) return undefined
  const said = keywordOf(text)
  if (said === '') return undefined
  const exact = choices.find((choice) => titleOf(choice).keyword === said)
  if (exact) return exact
  const words = wordsOf(said)
  const byPlace = otherNumber.test(text) ? undefined : findByPlace(said, words, choices)
  // "The medium one": the one stands for the thing.
  const isThing = words.length > 1 && (words.at(-1) === 'one' || words.at(-1) === 'ones')
  const byTitle = findByTitle(isThing ? words.slice(0, -1) : words, choices)
  // "2" where one title is "2 boxes" and another one stands second may mean either.
  if (byPlace && byTitle && byPlace !== byTitle) return undefined
  return byPlace ?? byTitle ?? findById(text.trim(), choices)
}

function findByPlace(said: string, words: readonly string[], choices: readonly OfferedChoice[]) {
  if (waiting.test(said)) return undefined
  const rest = words.filter((word, index) => !isAround(word) && !isNumberSign(word, words[index + 1]))
  // "do" is a Hindi two, and a wish in English and in Hindi.
  if (rest.length === 0 && words[0] === 'do') rest.push('do')
  // In "second one" the one stands for the thing.
  if (rest.length === 2 && (rest[1] === 'one' || rest[1] === 'ones')) rest.pop()
  const [word] = rest
  if (word === undefined || rest.length > 1) return undefined
  if (lastWords().has(word)) return choices.at(-1)
  const place = ordinals().get(word)
  if (place !== undefined) return choices[place - 1]
  const number = /^\d{1,3}$/.test(word) ? Number(word) : cardinals().get(word)
  const isLabelled = words.some((other, index) => labels().has(other) || isNumberSign(other, words[index + 1]))
  const maybeQuantity = words.length > 1 && words.some((other) => wishes().has(other)) && !isLabelled
  return number === undefined || maybeQuantity ? undefined : choices[number - 1]
}

/** "No 2", "n° 2": the word "no" alone says something else. */
function isNumberSign(word: string, next: string | undefined): boolean {
  return (word === 'no' || word === 'n') && /^\d+$/.test(next ?? '')
}

function findByTitle(words: readonly string[], choices: readonly OfferedChoice[]): OfferedChoice | undefined {
  const titles = choices.map((choice) => ({ choice, title: titleOf(choice).words }))
  const named = titles.filter(({ title }) => isWithin(title, words))
  if (named.length > 0) return named.length === 1 ? named[0]?.choice : undefined
  const start = words.findIndex((word) => !isAround(word))
  // "Yes" is polite beside a choice, and the choice itself where one is "Yes, order it".
  const core = start === -1 ? words : words.slice(start, words.findLastIndex((word) => !isAround(word)) + 1)
  const isTelling = core.join('').length > 1 || /^\d$/.test(core[0] ?? '')
  const begun = isTelling ? titles.filter(({ title }) => core.every((word, index) => title[index] === word)) : []
  return begun.length === 1 ? begun[0]?.choice : undefined
}

/** Whether `words` are those of the title in a row, and around them nothing that says more. */
function isWithin(title: readonly string[], words: readonly string[]): boolean {
  if (title.length === 0) return false
  for (let start = 0; start + title.length <= words.length; start += 1) {
    const end = start + title.length
    if (!title.every((word, index) => words[start + index] === word)) continue
    if (words.every((word, index) => (index >= start && index < end) || isAround(word))) return true
  }
  return false
}

/** Some providers hand over the id of a button as a text. A bare number is what a person writes. */
function findById(text: string, choices: readonly OfferedChoice[]): OfferedChoice | undefined {
  return /^\p{Nd}+$/u.test(text) ? undefined : choices.find((choice) => choice.id === text)
}

function isAround(word: string): boolean {
  return fillers().has(word) || labels().has(word) || wishes().has(word)
}

interface Title {
  readonly keyword: string
  readonly words: readonly string[]
}

const maxTitlesKept = 1000
const titlesKept = new Map<string, Title>()

/** The same few menus are offered all day, so their titles are taken apart once. */
function titleOf({ title }: OfferedChoice): Title {
  const kept = titlesKept.get(title)
  if (kept) return kept
  if (titlesKept.size >= maxTitlesKept) titlesKept.clear()
  const made = { keyword: keywordOf(title), words: wordsOf(normalizeKeyword(title)) }
  titlesKept.set(title, made)
  return made
}

function wordsOf(said: string): string[] {
  return said
    .replaceAll('’', "'")
    .split(/[\s.,:;!?)(#/°-]+/u)
    .filter(Boolean)
}

function wordSet(words: string): () => ReadonlySet<string> {
  return lazily(() => new Set(words.split(' ').map(keywordOf)))
}

/** Many bots offer no choices: they need not wait for these tables. */
function lazily<Value>(make: () => Value): () => Value {
  let made: Value | undefined
  return () => {
    made ??= make()
    return made
  }
}

function indexed(lines: readonly string[]): ReadonlyMap<string, number> {
  return new Map(lines.flatMap((line, index) => line.split(' ').map((word) => [keywordOf(word), index + 1] as const)))
}
