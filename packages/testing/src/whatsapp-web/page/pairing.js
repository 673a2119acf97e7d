import { call } from './server.js'
import { Conn } from './socket.js'

// Linking this browser: by a QR that the phone scans, or by a code that is typed in on it.

const bytesOf = (length) => crypto.getRandomValues(new Uint8Array(length))
const text = (bytes) => btoa(String.fromCharCode(...bytes))
const keys = { noise: bytesOf(32), identity: bytesOf(32), secret: text(bytesOf(32)) }

export const refreshQR = () => call('refresh-qr')

/** By code. */
export const altDeviceLinking = {
  setPairingType: () => undefined,
  initializeAltDeviceLinking: async () => undefined,
  initializeQRLinking: async () => undefined,
  startAltLinkingFlow: async (phone, notifies) => (await call('code', { phone, notifies })).code,
}

/** What the QR is made of besides the reference of the server. */
export const registration = {
  WAWebCompanionRegClientUtils: { DEVICE_PLATFORM: '1' },
  WAWebAdvSignatureApi: {},
  WAWebUserPrefsInfoStore: { waNoiseInfo: { get: async () => ({ staticKeyPair: { pubKey: keys.noise } }) } },
  WAWebSignalStoreApi: {
    waSignalStore: { getRegistrationInfo: async () => ({ identityKeyPair: { pubKey: keys.identity } }) },
  },
  WAWebUserPrefsMultiDevice: { getADVSecretKey: () => keys.secret },
  WABase64: { encodeB64: text },
}

/** The page shows a new QR. */
export function showQr(ref) {
  Conn.set({ ref })
}
