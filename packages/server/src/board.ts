import type { Hono } from 'hono'
import type { ApiKeys } from './api-keys.ts'
import type { Board } from './options.ts'
import { Problem } from './problem.ts'
import type { Limiter } from './rate-limits.ts'
import type { RequestContext, RequestEnvironment } from './request-context.ts'

const longestHeader = 1024
const policy = 'content-security-policy'
/** Everything else here is data, and allows nothing; this is a page, which loads what is its own. */
const ownPage =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"

/** Mounts a page for people: a browser has no header for a key, so it asks for a password, which is an admin key. */
export function addBoard(
  app: Hono<RequestEnvironment>,
  board: Board,
  { keys, addresses }: { readonly keys: ApiKeys; readonly addresses: Limiter },
): void {
  const answer = async (context: RequestContext): Promise<Response> => {
    const password = passwordOf(context.req.raw.headers)
    const principal = password === undefined ? undefined : await keys.verify(password)
    if (principal?.scope.type !== 'admin') {
      const { address } = context.env
      // Only who is refused: a page consists of many requests.
      if (address !== undefined) await addresses.take(address)
      throw unauthorized()
    }
    const given = await board.fetch(context.req.raw)
    const response = new Response(given.body, given)
    if (!given.headers.has(policy)) response.headers.set(policy, ownPage)
    return response
  }
  app.all(board.path, answer)
  app.all(`${board.path}/*`, answer)
}

/** `Authorization: Basic` with any name, or the key as programs give it. */
function passwordOf(headers: Headers): string | undefined {
  const authorization = headers.get('authorization') ?? ''
  if (authorization.length > longestHeader) return undefined
  const [, scheme = '', value = ''] = /^(Basic|Bearer) +(\S+) *$/i.exec(authorization) ?? []
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme === '') return headers.get('x-api-key')?.slice(0, longestHeader)
  const [, ...password] = Buffer.from(value, 'base64').toString('utf8').split(':')
  return password.join(':')
}

function unauthorized(): Problem {
  return new Problem(401, 'unauthorized', {
    detail: 'Expected an admin key as the password; the name does not matter.',
    headers: { 'www-authenticate': 'Basic realm="wa-agent", charset="UTF-8"' },
  })
}
