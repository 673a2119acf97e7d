// What has to be installed for the cloud worker to run: its manifest and those of the workspaces that it needs, without what is only
// there for development. `npm install --workspace` does not do: it brings what the tests of these workspaces use, browsers included.
//   node deploy/docker/runtime-manifests.mjs <folder>
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const entry = '@wa-agent-examples/cloud-worker'
const [folder] = process.argv.slice(2)
if (!folder) throw new Error('Expected the folder to write to: node deploy/docker/runtime-manifests.mjs <folder>')

const root = read('package.json')
const lock = readFileSync('package-lock.json', 'utf8')
const patterns = root.workspaces.map((pattern) => `${pattern}/package.json`)
const workspaces = new Map(
  globSync(patterns).map((path) => {
    const manifest = read(path)
    return [manifest.name, { path, manifest }]
  }),
)

const needed = new Set([entry])
for (const name of needed) {
  const { dependencies, peerDependencies } = workspaces.get(name).manifest
  for (const other of Object.keys({ ...dependencies, ...peerDependencies })) {
    if (workspaces.has(other)) needed.add(other)
  }
}

const { name, version, type, workspaces: places, overrides, allowScripts } = root
const kept = { name, version, private: true, type, workspaces: places, overrides, allowScripts }
// The bundler, in the version of the lock file; the dependencies of the image are installed without it.
const { version: bundler } = JSON.parse(lock).packages['node_modules/esbuild']
write('package.json', { ...kept, devDependencies: { esbuild: bundler } })
writeFileSync(join(folder, 'package-lock.json'), lock)
for (const workspace of needed) {
  const { path, manifest } = workspaces.get(workspace)
  write(path, withoutDevelopment(manifest))
}

/** What a package can do without is in the image nevertheless: an OpenAI client, for instance. */
function withoutDevelopment({ devDependencies: _, scripts: __, peerDependenciesMeta: ___, ...manifest }) {
  return manifest
}

function read(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function write(path, manifest) {
  const target = join(folder, path)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, `${JSON.stringify(manifest, undefined, 2)}\n`)
}
