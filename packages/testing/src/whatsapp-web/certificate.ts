import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** What an HTTPS server needs, and the one thing by which a browser is told to trust it. */
export interface Certificate {
  /** The private key, PEM. */
  readonly key: string
  /** The certificate, PEM. */
  readonly cert: string
  /** Base64 of the SHA-256 of the public key: for Chromium's `--ignore-certificate-errors-spki-list`. */
  readonly fingerprint: string
}

/** Makes a certificate for one host, signed by itself. It is made anew each time: there is no key to steal or to expire. */
export function makeCertificate(host: string): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const body = certificateBody(host, spki)
  const signature = sign('sha256', body, privateKey)
  const certificate = sequence(body, ecdsaWithSha256, bits(signature))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`,
    fingerprint: createHash('sha256').update(spki).digest('base64'),
  }
}

// X.509 in DER: each value is a tag, its length, and its bytes.

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  // The shortest form that fits; nothing here is longer than two bytes can say.
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, Buffer.concat(parts))
const integer = (bytes: Buffer): Buffer => der(0x02, bytes)
const bits = (bytes: Buffer): Buffer => der(0x03, Buffer.concat([Buffer.from([0]), bytes]))
const identifier = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))
const time = (date: string): Buffer => der(0x18, Buffer.from(date))

const ecdsaWithSha256 = sequence(identifier('2a8648ce3d040302'))
const commonName = identifier('550403')
const alternativeName = identifier('551d11')

function certificateBody(host: string, spki: Buffer): Buffer {
  const version3 = der(0xa0, integer(Buffer.from([2])))
  const serial = integer(Buffer.concat([Buffer.from([1]), randomBytes(8)]))
  const name = sequence(der(0x31, sequence(commonName, der(0x0c, Buffer.from(host)))))
  const validity = sequence(time('20200101000000Z'), time('20991231235959Z'))
  const hosts = der(0x04, sequence(der(0x82, Buffer.from(host))))
  const extensions = der(0xa3, sequence(sequence(alternativeName, hosts)))
  return sequence(version3, serial, ecdsaWithSha256, name, validity, name, spki, extensions)
}
