import { readFile } from 'node:fs/promises'
import { extname, resolve, sep } from 'node:path'

/** What Hono's `serveStatic` gets of Bull Board. */
interface StaticOptions {
  /** Relative to the working directory. */
  readonly root: string
  readonly rewriteRequestPath: (path: string) => string
}

interface StaticContext {
  readonly req: { readonly path: string }
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/** The files of the page: a `serveStatic` that works on every Node without a server's package. */
export const staticFiles =
  ({ root, rewriteRequestPath }: StaticOptions) =>
  async ({ req }: StaticContext, next: () => Promise<void>): Promise<Response | undefined> => {
    const folder = resolve(root)
    const path = resolve(folder, `.${decoded(rewriteRequestPath(req.path))}`)
    const type = types[extname(path)]
    const body = path.startsWith(folder + sep) && type ? await readFile(path).catch(() => undefined) : undefined
    if (!body || !type) {
      await next()
      return undefined
    }
    // A name with a hash in it always means the same.
    const caching = /\.[0-9a-f]{8,}\.\w+$/.test(path) ? 'public, max-age=31536000, immutable' : 'public, max-age=3600'
    return new Response(body, { headers: { 'content-type': type, 'cache-control': caching } })
  }

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
