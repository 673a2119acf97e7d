import { wordSet } from './words.ts'

/** Stand behind the name of a street: `99 Oak Avenue`. */
export const streetEnds = wordSet(
  'street st str road rd avenue ave lane ln boulevard blvd highway hwy parkway crescent terrace grove mews straße strasse platz allee weg gasse straat laan nagar marg colony chowk gali',
)

/** The same, but also other words: `5 large square boxes` is no address. */
export const looseStreetEnds = wordSet('drive dr square sq way close court ct place circle gardens row walk house park')

/** Stand before the name of a street: `Calle Mayor 5`. */
export const streetStarts = wordSet(
  'calle avenida avda av carrera plaza paseo rua travessa praça alameda via viale piazza rue chemin شارع طريق',
)

/** Stand before a number by itself: `Flat 3`. */
export const dwellings = wordSet('flat apartment apt suite block plot sector house piso')

/** The same before the number of the street only: `Unit 4, 99 Oak Avenue`. */
export const streetDwellings = wordSet('unit room floor building door level')

/** German and Dutch write street and name as one word: `Hauptstraße 5`. */
export const streetEnding = /.(?:stra(?:ss|ß)e|str|weg|platz|allee|gasse|damm|straat|laan)$/u

/** What leads to an address in a sentence; it belongs neither to the address nor to the goods. */
export const leadWords = wordSet(
  'to at address is my the our new delivery deliver delivered send ship shipped shipping it them this everything all please pls change for home office direccion es mi endereço meu é an die der nach zu zur zum liefern à chez livrer enviar entregar para a al en la na adresse ist die meine mon est',
)

/** Of those, the ones behind which the address begins. */
export const leadEnds = wordSet('to at is address direccion es endereço é an nach zur zum à chez para adresse ist est')

/** With one of these even `to 99 Oakfield` is an address. */
export const deliveryVerbs = wordSet(
  'deliver delivered send ship shipped address direccion endereço adresse liefern livrer enviar entregar',
)

/** Begin something else than a part of an address. */
export const sentenceWords = wordSet(
  "please pls plz thanks thank thx cheers asap urgent today tomorrow tonight now soon before after until till by when what which how why who can could would will shall should did are was i im ill we you my your it its make change add also plus remove cancel need want send deliver ship order instead rather sorry yes yeah yep no not ok okay hi hello hey call phone tel for with without from to but so because if right por favor s'il svp gracias obrigado bitte danke merci mañana amanhã morgen demain",
)

/** In the name of a street never. */
export const neverNames = wordSet(
  'and or for my our your me us it them this that each every more less please pls thanks to at in on by from with without is are i we you need want order buy send deliver ship make change add remove cancel price cost much many per day days hour hours week weeks minutes people times x am pm euro euros dollars ok yes no not only just about different addresses other separate und et y e',
)
