import { Collection, Model } from './emitter.js'
import { createWid, plain, widOrNothing } from './ids.js'
import { call } from './server.js'
import { me } from './socket.js'

// People. Each has a number, or a lid, or both; which lid belongs to which number the page knows of some only.

export class Contact extends Model {
  get formattedName() {
    return this.name ?? this.pushname ?? this.id.user
  }

  get isContactBlocked() {
    return false
  }

  serialize() {
    return Object.fromEntries(Object.entries(this).map(([name, value]) => [name, plain(value)]))
  }
}

class ContactCollection extends Collection {
  async find(like) {
    const wid = createWid(like)
    return this.get(wid) ?? showContact({ id: String(wid) })
  }

  gadd(wid) {
    return showContact({ id: String(wid) })
  }
}

export const Contacts = new ContactCollection()

const lids = new Map()
const phones = new Map()

/** Learns which lid belongs to which number. */
export function learn({ phone, lid }) {
  if (!phone || !lid) return
  lids.set(phone, createWid(lid))
  phones.set(lid, createWid(phone))
}

export const getCurrentLid = (wid) => lids.get(String(wid))
export const getPhoneNumber = (wid) => phones.get(String(wid))
export const getAlternateUserWid = (wid) => getCurrentLid(wid) ?? getPhoneNumber(wid)

/** Makes or changes a person as the server tells it, under each of the ids that the page may know. */
export function showContact({ id, phone, lid, name, pushname, pairKnown }) {
  if (pairKnown) learn({ phone, lid })
  const attributes = { phoneNumber: widOrNothing(pairKnown ? phone : undefined), name, pushname, type: 'in' }
  const known = Contacts.get(id)
  if (!known) return Contacts.add(new Contact({ id: createWid(id), ...attributes }))
  known.set(attributes)
  return known
}

/** Asks WhatsApp whether somebody is there; from then on the page knows both of his ids. */
export async function queryWidExists(wid) {
  const { contact } = await call('exists', { id: String(wid) })
  if (!contact) return null
  learn(contact)
  return { wid: createWid(wid), biz: false, disappearingMode: undefined }
}

const nameOf = (contact) => contact.name ?? contact.pushname

export const contactGetters = {
  getIsMe: ({ id }) => id.equals(me.phone) || id.equals(me.lid),
  getIsUser: ({ id }) => id.isUser(),
  getIsGroup: ({ id }) => id.isGroup(),
  getIsWAContact: () => true,
  getUserid: ({ id, phoneNumber }) => (phoneNumber ?? id).user,
  getVerifiedName: () => undefined,
  getVerifiedLevel: () => undefined,
  getStatusMute: () => false,
  getName: ({ name }) => name,
  getShortName: (contact) => nameOf(contact)?.split(' ')[0],
  getPushname: ({ pushname }) => pushname,
  getIsEnterprise: () => false,
}

/** A contact as a file that others can import. */
export function vcardFromContactModel(contact) {
  const number = (getPhoneNumber(contact.id) ?? contact.id).user
  const lines = ['BEGIN:VCARD', 'VERSION:3.0', `FN:${contact.formattedName}`]
  const vcard = [...lines, `TEL;type=CELL;waid=${number}:+${number}`, 'END:VCARD'].join('\n')
  return { displayName: contact.formattedName, vcard }
}
