/** Country codes of two digits (ITU-T E.164); 1 and 7 have one digit, all others three. */
const twoDigits = /^(?:2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/

/** A number as people write it: `919876543210` is `+91 98765 43210`. */
export function formatPhone(digits: string): string {
  const length = /^[17]/.test(digits) ? 1 : twoDigits.test(digits) ? 2 : 3
  const rest = digits.slice(length)
  return `+${digits.slice(0, length)} ${groups(rest).join(' ')}`.trim()
}

function groups(digits: string): string[] {
  if (digits.length <= 5) return [digits]
  if (digits.length === 10) return [digits.slice(0, 5), digits.slice(5)]
  return [digits.slice(0, 3), ...groups(digits.slice(3))]
}
