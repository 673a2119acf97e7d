// Builds every package into its dist: JavaScript by tsup, types by tsc (tsup cannot make types with TypeScript 7).
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { packages, root } from './packages.mjs'

for (const { url, manifest } of packages) {
  rmSync(new URL('dist', url), { recursive: true, force: true })
  const sources = Object.values(manifest.exports).map((conditions) => conditions['@wa-agent/source'])
  process.chdir(fileURLToPath(url))
  await build({
    // One entry for each export; the name is the path below src, so that dist mirrors it.
    entry: Object.fromEntries(sources.map((source) => [source.replace('./src/', '').replace(/\.ts$/, ''), source])),
    format: 'esm',
    target: 'node22',
    platform: 'node',
    // tsup strips `node:` for old runtimes; `node:sqlite` exists under that name only.
    removeNodeProtocol: false,
    splitting: true,
    sourcemap: true,
    dts: false,
    silent: true,
  })
}

process.chdir(fileURLToPath(root))
const types = spawnSync('tsc', ['-b', 'tsconfig.build.json', '--emitDeclarationOnly'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
})
process.exit(types.status ?? 1)
