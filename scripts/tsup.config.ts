import { defineConfig } from 'tsup'

/** A package brings its own copy of this library, which packages/transport-webjs/scripts/bundle-library.mjs makes. */
const bundledLibrary = {
  name: 'bundled-library',
  setup(bundler: Bundler) {
    bundler.onResolve({ filter: /^whatsapp-web\.js$/ }, () => ({ path: './vendor/whatsapp-web.cjs', external: true }))
  },
}

interface Bundler {
  onResolve(of: { filter: RegExp }, resolve: () => { path: string; external: boolean }): void
}

// Shared by all packages; scripts/build.mjs adds the entries.
export default defineConfig({
  format: 'esm',
  target: 'node22',
  platform: 'node',
  splitting: true,
  sourcemap: true,
  clean: true,
  silent: true,
  dts: false,
  // Stripped for old runtimes by default, but `node:sqlite` exists under that name only.
  removeNodeProtocol: false,
  esbuildPlugins: [bundledLibrary],
})
