// Compiles the cloud worker and the workspaces that it needs to JavaScript. Run from TypeScript, the compiler is in the process, too:
// 26 MB of the 128 MB of an ingest. Each workspace stays by itself, because npm may have given it dependencies of its own.
//   node deploy/docker/compile.mjs <folder of runtime-manifests.mjs> <folder to write to>
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

const [manifests, target] = process.argv.slice(2)
if (!manifests || !target) throw new Error('Expected two folders: node deploy/docker/compile.mjs <manifests> <target>')

/** A file below `src`, where its JavaScript will be. */
const compiled = (source) => source.replace('./src/', './dist/').replace(/\.ts$/, '.js')

for (const path of globSync('{packages,examples}/*/package.json', { cwd: manifests })) {
  const manifest = JSON.parse(readFileSync(join(manifests, path), 'utf8'))
  const folder = dirname(path)
  const exported = Object.entries(manifest.exports ?? { '.': './src/index.ts' }).map(([name, conditions]) => ({
    name,
    source: typeof conditions === 'string' ? conditions : conditions['@wa-agent/source'],
  }))
  await build({
    entryPoints: exported.map(({ source }) => join(folder, source)),
    outbase: join(folder, 'src'),
    outdir: join(target, folder, 'dist'),
    bundle: true,
    packages: 'external',
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    tsconfigRaw: '{}',
    logLevel: 'warning',
  })
  const exports = Object.fromEntries(exported.map(({ name, source }) => [name, compiled(source)]))
  mkdirSync(join(target, folder), { recursive: true })
  writeFileSync(join(target, path), `${JSON.stringify({ ...manifest, exports }, undefined, 2)}\n`)
}
