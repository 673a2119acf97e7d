// Builds every package into its dist: JavaScript by tsup, types by tsc (tsup cannot make types with TypeScript 7).
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { packages, root } from './packages.mjs'

const shell = process.platform === 'win32'
for (const { url, manifest } of packages) {
  const sources = Object.values(manifest.exports).map((conditions) => conditions['@wa-agent/source'])
  // One entry for each export; its name is the path below src, so that dist mirrors it.
  const entries = sources.map((source) => `--entry.${source.replace('./src/', '').replace(/\.ts$/, '')}=${source}`)
  run('tsup', [...entries, '--config', fileURLToPath(new URL('scripts/tsup.config.ts', root))], fileURLToPath(url))
  // Afterwards, because tsup empties the folder.
  const bundle = fileURLToPath(new URL('scripts/bundle-library.mjs', url))
  if (existsSync(bundle)) run(process.execPath, [bundle], fileURLToPath(url))
}
run('tsc', ['-b', 'tsconfig.build.json', '--emitDeclarationOnly', '--force'], fileURLToPath(root))

function run(command, parameters, cwd) {
  const { status } = spawnSync(command, parameters, { cwd, stdio: 'inherit', shell })
  if (status !== 0) process.exit(status ?? 1)
}
