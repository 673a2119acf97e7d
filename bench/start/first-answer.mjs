// As the examples do: the compile cache is switched on before anything else is loaded, unless --no-cache says otherwise.
import { enableCompileCache } from 'node:module'

if (!process.argv.includes('--no-cache')) enableCompileCache()
await import('./bot.mjs')
