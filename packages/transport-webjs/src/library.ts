import library from 'whatsapp-web.js'

// The one place that knows where the library comes from: from its package while developing; the build puts a copy of it
// into this package (scripts/bundle-library.mjs), because its own dependency `puppeteer` downloads a browser when installed.

export const { Client, LocalAuth, Location, MessageMedia } = library
export type LibraryClient = InstanceType<typeof Client>
export type LibraryPage = NonNullable<LibraryClient['pupPage']>
export type LibraryBrowser = NonNullable<LibraryClient['pupBrowser']>
export type LibraryMessage = library.Message
export type SendOptions = library.MessageSendOptions
export type SendContent = library.MessageContent
