// Makes `npm start` and `npm test` the whole set-up on a fresh clone. Plain JavaScript without dependencies: it runs on
// the machine's own Node (>= 20), before the repository's Node 24 is there.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

const root = new URL('../', import.meta.url)
const stamp = new URL('node_modules/.setup-lock', root)
const lock = createHash('sha256')
  .update(readFileSync(new URL('package-lock.json', root)))
  .digest('hex')

function installed() {
  try {
    return readFileSync(stamp, 'utf8') === lock
  } catch {
    return false
  }
}

if (!installed()) {
  process.stderr.write('Installing dependencies (first run or changed package-lock.json) ...\n')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  // Not `npm ci`: it refuses a lock file that lacks the optional binaries of platforms other than the one it was made on,
  // as npm writes it behind a registry mirror. This installs the locked versions and leaves the lock file alone.
  const { status } = spawnSync(npm, ['install', '--no-save', '--loglevel=error', '--no-audit', '--no-fund'], {
    cwd: root,
    shell: process.platform === 'win32',
    // Nothing but the main job writes to standard output: `npm start --silent | jq` stays usable.
    stdio: ['ignore', process.stderr, process.stderr],
  })
  if (status !== 0) {
    process.stderr.write(
      'Installing failed. Check the network and the messages above, then run the same command again.\n',
    )
    process.exit(status ?? 1)
  }
  writeFileSync(stamp, lock)
}

// npm passes a signal on to the shell in which a script runs, and no shell passes it on to the program. Scripts that are to be
// stopped begin with `exec`, by which the shell becomes the program. Windows has neither such signals nor that word.
if (process.platform === 'win32') writeFileSync(new URL('node_modules/.bin/exec.cmd', root), '@%*\r\n')
