import { describe, expect, test } from 'vitest'
import { isLibraryRejection } from './rejections.ts'

const library = '    at async Client.inject (/app/node_modules/whatsapp-web.js/src/Client.js:115:19)'
const bundled =
  '    at async Client.inject (/app/node_modules/@wa-agent/transport-webjs/dist/vendor/whatsapp-web.cjs:4711:19)'
const puppeteer = '    at CdpFrame.evaluate (/app/node_modules/puppeteer-core/lib/cjs/puppeteer/cdp/Frame.js:100:5)'
const node = '    at process.processTicksAndRejections (node:internal/process/task_queues:103:5)'
const application = '    at main (/app/src/main.js:1:1)'

function rejection(message: string, ...frames: readonly string[]): Error {
  return Object.assign(new Error(message), { stack: [`Error: ${message}`, ...frames].join('\n') })
}

describe('a rejection that nobody handled', () => {
  test.each([
    rejection('Execution context was destroyed.', puppeteer, node, library),
    rejection('Protocol error (Runtime.callFunctionOn): Target closed', puppeteer, bundled),
    rejection('Failed to add page binding with name onQRChangedEvent: page binding already exists', puppeteer, library),
    'auth timeout',
  ])("is the library's own: %s", (reason) => {
    expect(isLibraryRejection(reason)).toBe(true)
  })

  test.each([
    ['in the same words', rejection('Execution context was destroyed.', puppeteer, application)],
    ['through the library', rejection('Target closed', puppeteer, library, application)],
    ['of Puppeteer alone', rejection('Target closed', puppeteer, node)],
    ['with other words', rejection('Cannot read properties of undefined', library)],
    ['from a folder of that name', rejection('Target closed', '    at main (/srv/whatsapp-web/main.js:1:1)')],
    ['without a trace', rejection('Target closed')],
    ['as a text', 'Target closed'],
    ['as nothing', undefined],
  ])("is the application's: %s", (_, reason) => {
    expect(isLibraryRejection(reason)).toBe(false)
  })
})
