import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import { expect, test } from 'vitest'
import { makeCertificate } from './certificate.ts'

test('a certificate is for its host, signed by itself, and known by the hash of its key', () => {
  const { cert, fingerprint } = makeCertificate('web.whatsapp.com')
  const parsed = new X509Certificate(cert)
  expect(parsed.checkHost('web.whatsapp.com')).toBe('web.whatsapp.com')
  expect(parsed.checkHost('example.com')).toBeUndefined()
  expect(parsed.verify(parsed.publicKey)).toBe(true)
  expect(parsed.validToDate.getUTCFullYear()).toBe(2099)
  const spki = parsed.publicKey.export({ type: 'spki', format: 'der' })
  expect(createHash('sha256').update(spki).digest('base64')).toBe(fingerprint)
  expect(makeCertificate('web.whatsapp.com').fingerprint).not.toBe(fingerprint)
})

test('who trusts it reads it without complaint', async () => {
  const certificate = makeCertificate('web.whatsapp.com')
  const server = createServer(certificate, (_request, response) => response.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', servername: 'web.whatsapp.com', ca: certificate.cert })
  await once(socket, 'secureConnect')
  expect(socket.authorized).toBe(true)
  socket.destroy()
  server.close()
})
