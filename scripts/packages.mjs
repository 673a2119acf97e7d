// The publishable packages in the order in which they depend on each other.
import { readFileSync } from 'node:fs'

export const root = new URL('../', import.meta.url)

export const packages = [
  'core',
  'storage-sqlite',
  'storage-postgres',
  'queue-bullmq',
  'queue-pubsub',
  'testing',
  'transport-kit',
  'transport-cloud-api',
  'transport-aisensy',
  'transport-maytapi',
  'transport-spoki',
  'transport-webjs',
  'cloud-client',
  'server',
].map((folder) => {
  const url = new URL(`packages/${folder}/`, root)
  return { folder, url, manifest: JSON.parse(readFileSync(new URL('package.json', url), 'utf8')) }
})
