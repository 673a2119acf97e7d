import { defineConfig } from 'tsup'

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
})
