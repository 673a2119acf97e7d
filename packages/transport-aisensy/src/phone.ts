const writtenNumber = /^\+?[\d\s().-]+$/

/**
 * Numbers of India have ten digits after the country's code (ITU E.164, national numbering plan of India) and may begin with
 * 91 themselves, so only their count tells whether the code is there. AiSensy takes a number of which it does not know the
 * country for an Indian one, so a longer one is of another country.
 */
const india = { code: '91', digits: 10 }

/**
 * A chat's id: the number with its country's code, digits only, as WhatsApp writes it. AiSensy puts the code before the
 * number in most deliveries and beside it in others. What is no number, such as a business-scoped id, stays as it is.
 */
export function internationalNumber(phone: string, countryCode: string | undefined): string {
  const given = phone.trim()
  if (!writtenNumber.test(given)) return given
  const digits = given.replace(/\D/g, '')
  const code = countryCode?.replace(/\D/g, '') ?? ''
  if (code === '' || given.startsWith('+')) return digits
  const lacksCode = code === india.code ? digits.length === india.digits : !digits.startsWith(code)
  return lacksCode ? `${code}${digits}` : digits
}
