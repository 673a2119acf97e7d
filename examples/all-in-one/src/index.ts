import { enableCompileCache } from 'node:module'

// From the second start on Node takes the compiled code from its cache, which halves the time to the first answer. It has
// to be told before anything else is loaded.
enableCompileCache()
await import('./main.ts')
