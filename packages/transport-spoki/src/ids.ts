/** A UUID comes with and without dashes, and is the same one. Other ids stay as they are. */
export function messageIdOf(id: string): string {
  const bare = id.replaceAll('-', '').toLowerCase()
  return /^[0-9a-f]{32}$/.test(bare) ? bare : id
}

/** A phone number as Spoki wants it to be written to, `+` and digits. What is none stays as it is. */
export function phoneOf(phone: string): string {
  const number = phone.replace(/@(c\.us|s\.whatsapp\.net)$/, '')
  const digits = number.replace(/\D/g, '')
  return /^\+?[\d\s().-]+$/.test(number) && digits.length >= 5 && digits.length <= 15 ? `+${digits}` : phone
}

/** Whether a chat is a phone number. */
export function isPhone(chat: string): boolean {
  return /^\+\d+$/.test(chat)
}
