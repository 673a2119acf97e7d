// Looks at every built package as npm would publish it: publint for its manifest, attw for its types.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { packages } from './packages.mjs'

let failed = 0
for (const { url, manifest } of packages) {
  const cwd = fileURLToPath(url)
  for (const [command, ...parameters] of [
    ['publint', '--strict'],
    ['attw', '--pack', '.', '--profile', 'esm-only', '--quiet'],
  ]) {
    const { status } = spawnSync(command, parameters, { cwd, stdio: 'inherit', shell: process.platform === 'win32' })
    if (status === 0) continue
    failed += 1
    console.error(`${command} found something wrong in ${manifest.name}`)
  }
}
console.log(failed === 0 ? `${packages.length} packages are well-formed` : `${failed} checks failed`)
process.exit(failed === 0 ? 0 : 1)
