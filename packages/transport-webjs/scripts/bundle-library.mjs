// Puts whatsapp-web.js into dist/vendor, so that installing this package downloads no browser and runs no script: the
// library's dependency `puppeteer` does both, and nobody who installs a package can be asked to override one of its
// dependencies. In its place comes `puppeteer-core`, which is the same without the download.
//
// Only the library itself is in the bundle (Apache-2.0, its licence goes along). What it needs beside Puppeteer is for things
// that the transport does in other ways or not at all, and is replaced by the few lines below.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'

const require = createRequire(import.meta.url)
const library = dirname(require.resolve('whatsapp-web.js/package.json'))
const { version } = require('whatsapp-web.js/package.json')
const folder = fileURLToPath(new URL('../dist/vendor/', import.meta.url))

const replacements = {
  // For files by path or URL, which the transport reads itself.
  mime: 'module.exports = { getType: () => null }',
  'node-fetch': 'module.exports = (...parameters) => fetch(...parameters)',
  // For videos as stickers and for their metadata, which the transport does not send.
  'fluent-ffmpeg': `module.exports = Object.assign(() => { throw new Error('no ffmpeg') }, { setFfmpegPath() {} })`,
  'node-webpmux': 'module.exports = {}',
  // For sessions that are kept elsewhere. This transport keeps them on this machine.
  archiver: 'module.exports = undefined',
  'fs-extra': 'module.exports = undefined',
  unzipper: 'module.exports = undefined',
}

const replace = {
  name: 'replace',
  setup(bundler) {
    bundler.onResolve({ filter: /^puppeteer$/ }, () => ({ path: 'puppeteer-core', external: true }))
    const names = Object.keys(replacements).join('|')
    bundler.onResolve({ filter: new RegExp(`^(?:${names})$`) }, ({ path }) => ({ path, namespace: 'replacement' }))
    bundler.onLoad({ filter: /.*/, namespace: 'replacement' }, ({ path }) => ({ contents: replacements[path] }))
  },
}

await build({
  entry: { 'whatsapp-web': join(library, 'index.js') },
  outDir: folder,
  config: false,
  format: 'cjs',
  platform: 'node',
  target: 'node22',
  silent: true,
  clean: false,
  dts: false,
  // Functions of it are sent to the page as their source text: nothing may be renamed or given helpers.
  minify: false,
  keepNames: false,
  splitting: false,
  sourcemap: false,
  noExternal: [/.*/],
  esbuildPlugins: [replace],
})

mkdirSync(folder, { recursive: true })
copyFileSync(join(library, 'LICENSE'), join(folder, 'LICENSE'))
writeFileSync(
  join(folder, 'NOTICE'),
  `whatsapp-web.cjs is whatsapp-web.js ${version} (https://github.com/wwebjs/whatsapp-web.js), Copyright its authors,
licensed under the Apache License, Version 2.0: see LICENSE beside this file. It was changed in this: the files of the
library are bundled into one; it requires puppeteer-core in place of puppeteer; its dependencies mime, node-fetch,
fluent-ffmpeg, node-webpmux, archiver, fs-extra and unzipper are replaced by stand-ins that do nothing.
`,
)
