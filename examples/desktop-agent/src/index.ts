import { enableCompileCache } from 'node:module'

// It has to be told before anything else is loaded.
enableCompileCache()
await import('./main.ts')
