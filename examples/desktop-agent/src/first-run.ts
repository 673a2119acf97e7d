import type { Questions } from './ask.ts'
import { writeEnvFile } from './env-file.ts'
import { type NeededName, problemWith } from './settings.ts'

const questions: Readonly<Record<NeededName, string>> = {
  CLOUD_SERVER_URL: '  Address of the cloud server, e.g. https://shop.example.com',
  TENANT_ID: '  Name of your business there (TENANT_ID), e.g. my-shop',
  API_KEY: '  API key. Paste it and press Enter; it is not shown',
}

/**
 * Asks for settings, each until it can be right, and writes them to `path`. Resolves with them. Nothing is written where the
 * person gives up before the last one.
 */
export async function firstRun(names: readonly NeededName[], path: string, { ask, say }: Questions) {
  say('\n  Welcome. The desktop agent needs to know where your cloud server is.')
  say('  Whoever set the server up has the answers; they are asked once.\n')
  const answers: Partial<Record<NeededName, string>> = {}
  for (const name of names) {
    const isSecret = name === 'API_KEY'
    let answer = await ask(questions[name], { isSecret })
    for (let problem = problemWith(name, answer); problem; problem = problemWith(name, answer)) {
      say(`\n  That cannot be right. ${sentence(problem)}.\n`)
      answer = await ask(questions[name], { isSecret })
    }
    if (isSecret) say(`  ${answer.length} characters.`)
    if (isOpen(name, answer)) say('  Careful: without https:// others on the way can read what customers write.')
    say('')
    answers[name] = answer
  }
  writeEnvFile(path, answers)
  say(`  Saved in ${path}, which only you may read. To answer again:`)
  say('  npm run example:desktop-agent -- --setup\n')
  return answers
}

function sentence(problem: string): string {
  return problem.replace(/^missing; /, 'Expected ')
}

/** Whether an address on the internet is without encryption. */
function isOpen(name: NeededName, answer: string): boolean {
  if (name !== 'CLOUD_SERVER_URL') return false
  const { protocol = '', hostname = '' } = URL.parse(answer) ?? {}
  return protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
}
