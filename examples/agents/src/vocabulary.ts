import { indexWords, wordSet } from './words.ts'

/** What customers call the products, in the languages they write, with the usual typos. */
export const productWords = indexWords<string>([
  [
    'boxes',
    'box boxes boxs boxex bx carton cartons cardboard caja cajas cajitas carton cartones caixa caixas caixinha karton kartons boite boites scatola scatole kardus dabba dabbe dabbey peti petiyan डिब्बा डिब्बे डब्बा डब्बे बॉक्स पेटी صندوق صناديق كرتون كراتين الصناديق الكراتين علب علبة',
  ],
  ['tape', 'tape tapes sellotape selotape cellotape cinta cintas fita fitas klebeband टेप شريط لاصق اشرطة الشريط'],
  [
    'bubble-wrap',
    'bubble bubbles bubblewrap bubbel buble burbuja burbujas bolha bolhas बबल فقاعات بلاستيك-فقاعي luftpolsterfolie',
  ],
  [
    'labels',
    'label labels lable lables sticker stickers etiqueta etiquetas adesivo adesivos pegatinas लेबल स्टिकर ملصق ملصقات الملصقات',
  ],
  [
    'envelopes',
    'envelope envelopes envelop envelops mailer mailers sobres envelopes lifafa lifafe लिफाफा लिफाफे ظرف ظروف أظرف',
  ],
  ['packing-paper', 'paper papel kagaz kagaj कागज कागज़ papier ورق الورق'],
  ['stretch-film', 'film stretch shrink cling clingfilm pallet-wrap pelicula película filme strech स्ट्रेच نايلون'],
])

/** "Wrap" alone is bubble wrap, in "stretch wrap" it is not. */
export const weakProductWords = indexWords<string>([['bubble-wrap', 'wrap wraps wrapping plastic plastico']])

/** What customers call sizes and kinds. */
export const variantWords = indexWords<string>([
  [
    's',
    'small smal s sm little tiny mini smallest pequeña pequeñas pequeño pequeños chica chicas chico pequena pequenas pequeno chhota chhote chota chote choti छोटा छोटे छोटी صغير صغيرة الصغير klein kleine petit petite 20x15x10 20x15 30x10',
  ],
  [
    'm',
    'medium med m mid middle mediana medianas mediano medianos media medio média médias médio regular normal madhyam मध्यम मीडियम وسط متوسط متوسطة mittel moyen moyenne 30x20x15 30x20 50x50',
  ],
  [
    'l',
    'large big l lg larg lrg larger bigger grande grandes bada bade badi bada बड़ा बड़े बड़ी كبير كبيرة الكبير gross groß grosse große grand grands 40x30x20 40x30',
  ],
  ['xl', 'xl xxl xlarge jumbo huge biggest largest extralarge 60x40x40 60x40'],
  ['clear', 'clear transparent transparente transparentes durchsichtig durchsichtiges cristal पारदर्शी شفاف'],
  ['brown', 'brown marrón marron marrones kraft marrom marrons braun braune braunes brun bhura भूरा بني'],
  ['fragile', 'fragile fragil frágil fragiles'],
  ['shipping', 'shipping address envío envio postage parcel'],
  ['a5', 'a5'],
  ['a4', 'a4'],
  ['a3', 'a3'],
])

/** "Extra large" is one size, not two. */
export const extraWords = wordSet('extra xtra x extr muy very double sabse ekstra')

/** What goods are counted in. */
export const unitWords = wordSet(
  'roll rolls pack packs packet packets bundle bundles piece pieces pc pcs unit units rollo rollos paquete paquetes unidad unidades pacote pacotes rolo rolos rolle rollen packung packungen stück rouleau rouleaux paquet paquets pièce pièces',
)

/** "A roll", "another box": one of them. */
export const articleWords = wordSet('a an another')

/** What products are also called by, which makes no other product of them. */
export const goodsAdjectives = wordSet(
  'packing cardboard padded moving shipping storage sturdy strong wrap wrapping one ones',
)

/** "Brown and 3 clear": the number belongs to what follows. */
export const andWords = wordSet('and y e et und aur और و plus')

/** What comes after is the purpose, not the product: "tape for boxes". */
export const purposeWords = wordSet('for para pour fuer für liye लिए')

/** Says that something is wanted besides what is wanted already. */
export const addWords = wordSet(
  'add also too plus more another again agrega añade agregar también tambien também adicionar mais mas aur bhi और भी كمان ايضا أيضا auch noch dazu mehr ajouter ajoute aussi encore',
)

/** Of those, the ones behind which something new is named. */
export const addVerbs = wordSet('add agrega añade agregar adicionar ajouter ajoute')

/** Of those, the ones that say that more of the same is wanted. */
export const moreWords = wordSet('more another mas mais mehr और aur')

/** Says that something shall be otherwise. */
export const changeWords = wordSet(
  'change instead rather actually make update edit modify switch wrong correct cambia cambiar cambio mejor mudar muda trocar alterar badal badlo बदल बदलो غير تغيير بدل ändern ändere falsch changer modifier',
)

/** Says that what follows is meant instead of what was said before. */
export const insteadWords = wordSet(
  'instead rather sorry no not nahi nahin mean meant mejor perdon perdón desculpa nein nicht statt lieber sondern non plutôt بدل',
)

/** Says that something shall go. */
export const removeWords = wordSet(
  'remove delete drop without minus less fewer off out scratch skip quita quitar elimina borra sin remove tira tirar remover sem hata hatao nikalo हटा हटाओ احذف شيل ازالة entfernen ohne weg enlever enlève sans',
)

/** "Remove everything." */
export const allWords = wordSet('everything all todo tudo alles tout sab सब الكل')

/** "Not large", "20, not 10". */
export const exceptWords = wordSet('not except nicht pas excepto exceto')

/** With a wish behind them they refuse it: "i don't want the tape". */
export const refusalWords = wordSet("don't dont not no")
export const wishWords = wordSet('want need')

/** Says that something is to be ordered. */
export const orderWords = wordSet(
  'order ordering buy buying purchase pedir ordenar comprar encomendar bestellen kaufen commander acheter kharidna',
)

/** Asks for a price. */
export const priceWords = wordSet(
  'price prices cost costs much rate rates cuánto cuesta cuestan precio precios vale valen preço preco preços precos quanto custa custam kitne kitna kimat daam कितने कितना कीमत दाम سعر بكم اسعار كم preis preise kostet kosten prix combien coûte',
)

/** Means where the goods go. */
export const addressWords = wordSet(
  'address direccion dirección endereço endereco pata पता عنوان العنوان location adresse anschrift',
)

/** Means how many. */
export const quantityWords = wordSet(
  'quantity qty quantities amount number cantidad quantidade matra मात्रा كمية الكمية',
)

/** Means which size or kind. */
export const sizeWords = wordSet(
  'size sizes dimension dimensions measurement measurements kind type tamaño tamano tamanho talla saiz साइज size المقاس الحجم',
)

/** Asks for the sum of an order. */
export const totalWords = wordSet('total totals sum altogether bill टोटल कुल kul المجموع الاجمالي')
