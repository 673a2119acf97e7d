import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fill, inUnit } from './fill.ts'
import { type ServiceFacts, type ServiceKind, serviceOf } from './service.ts'

const template = (name: string) => readFileSync(new URL(`../../services/${name}`, import.meta.url), 'utf8')

/** Everything that some format gives a meaning to. */
const nasty = `/o dd/'q' "q" <&amp;> %h $HOME {{node}} \\n \u00fc \u{1f4e6}`
const facts: ServiceFacts = {
  node: `${nasty}/node`,
  program: `${nasty}/index.ts`,
  directory: nasty,
  home: '/people/ann',
  user: 'PC & co\\ann',
  userId: 501,
}
const made = (kind: ServiceKind, file: string, other: Partial<ServiceFacts> = {}) =>
  serviceOf(kind, template(file), { ...facts, ...other })
const shown = ({ install }: ReturnType<typeof serviceOf>) =>
  install.map(({ file, parameters }) => [file, ...parameters].join(' '))

test('systemd: the unit runs the agent, and starts it again', () => {
  const unit = made('systemd', 'systemd.service')
  const line = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit.content)?.[1]
  expect(line('WorkingDirectory')).toBe(nasty.replace('%h', '%%h'))
  expect(line('ExecStart')).toBe(
    `:/usr/bin/env "${inUnit(facts.node)}" --conditions=@wa-agent/source "${inUnit(facts.program)}"`,
  )
  expect(inUnit('a\\b "c" %h')).toBe('a\\\\b \\"c\\" %%h')
  expect([line('Restart'), line('KillMode'), line('NotifyAccess'), line('WantedBy')]).toEqual([
    'always',
    'mixed',
    'all',
    'default.target',
  ])
  expect(unit.path).toBe('/people/ann/.config/systemd/user/wa-agent-desktop.service')
  expect(made('systemd', 'systemd.service', { configHome: '/c' }).path).toBe('/c/systemd/user/wa-agent-desktop.service')
  expect(shown(unit)).toEqual([
    'systemctl --user daemon-reload',
    'systemctl --user enable wa-agent-desktop.service',
    'systemctl --user restart wa-agent-desktop.service',
  ])
  expect(unit.notes.join('\n')).toContain('loginctl enable-linger')
})

test('launchd: the list says what is run, and that it is kept alive', () => {
  const service = made('launchd', 'launchd.plist')
  const [dictionary] = parseXml(service.content).children
  expect(plist(dictionary)).toEqual({
    Label: 'wa-agent-desktop',
    ProgramArguments: [facts.node, '--conditions=@wa-agent/source', facts.program],
    WorkingDirectory: nasty,
    RunAtLoad: true,
    KeepAlive: true,
    ThrottleInterval: 10,
    ExitTimeOut: 60,
    LimitLoadToSessionType: 'Aqua',
    ProcessType: 'Interactive',
    Umask: 0o077,
    StandardOutPath: '/people/ann/Library/Logs/wa-agent-desktop.log',
    StandardErrorPath: '/people/ann/Library/Logs/wa-agent-desktop.log',
  })
  expect(service.path).toBe('/people/ann/Library/LaunchAgents/wa-agent-desktop.plist')
  expect(shown(service)).toEqual([
    'launchctl bootout gui/501/wa-agent-desktop',
    'launchctl bootstrap gui/501 /people/ann/Library/LaunchAgents/wa-agent-desktop.plist',
  ])
})

test('Windows: the task starts when its owner logs in, and is looked after every minute', () => {
  const directory = 'C:\\Program Files\\Shop & Söhne'
  const service = made('windows', 'windows-task.xml', {
    node: `${directory}\\node.exe`,
    program: `${directory}\\index.ts`,
    directory,
  })
  expect(service.content).toMatch(/^\uFEFF<\?xml version="1\.0" encoding="UTF-16"\?>\r\n/)
  expect(service.encoding).toBe('utf16le')
  const task = parseXml(service.content)
  expect(task.attributes).toEqual({
    version: '1.2',
    xmlns: 'http://schemas.microsoft.com/windows/2004/02/mit/task',
  })
  const value = (...path: string[]) => path.reduce((element, name) => child(element, name), task).text
  expect(value('Triggers', 'LogonTrigger', 'UserId')).toBe(facts.user)
  expect(value('Triggers', 'LogonTrigger', 'Repetition', 'Interval')).toBe('PT1M')
  expect(value('Principals', 'Principal', 'UserId')).toBe(facts.user)
  expect(value('Principals', 'Principal', 'LogonType')).toBe('InteractiveToken')
  expect(value('Principals', 'Principal', 'RunLevel')).toBe('LeastPrivilege')
  expect(child(task, 'Actions').attributes['Context']).toBe(
    child(child(task, 'Principals'), 'Principal').attributes['id'],
  )
  expect(value('Settings', 'MultipleInstancesPolicy')).toBe('IgnoreNew')
  expect(value('Settings', 'ExecutionTimeLimit')).toBe('PT0S')
  expect(value('Settings', 'StopIfGoingOnBatteries')).toBe('false')
  expect(value('Actions', 'Exec', 'Command')).toBe(`${directory}\\node.exe`)
  expect(value('Actions', 'Exec', 'Arguments')).toBe(`--conditions=@wa-agent/source "${directory}\\index.ts"`)
  expect(value('Actions', 'Exec', 'WorkingDirectory')).toBe(directory)
  expect(service.path).toBe(`${directory}\\data\\wa-agent-desktop.task.xml`)
  expect(shown(service)[1]).toBe(`schtasks.exe /Create /TN WhatsApp desktop agent /XML ${service.path} /F`)
})

test('pm2: the file runs the agent, and asks only the agent to end', () => {
  const service = made('pm2', 'pm2.json')
  expect(JSON.parse(service.content)).toEqual({
    apps: [
      {
        name: 'wa-agent-desktop',
        script: facts.node,
        args: ['--conditions=@wa-agent/source', facts.program],
        interpreter: 'none',
        cwd: nasty,
        exec_mode: 'fork',
        autorestart: true,
        exp_backoff_restart_delay: 1000,
        treekill: false,
        kill_timeout: 60_000,
      },
    ],
  })
  expect(service.path).toBe(`${nasty}/data/wa-agent-desktop.pm2.json`)
  expect(shown(service)[1]).toBe(`pm2 start ${service.path}`)
})

test.each(['\n', '\0', '\u001B'])('a path with the control character %j is refused', (sign) => {
  expect(() => made('systemd', 'systemd.service', { directory: `/a${sign}ExecStart=/bin/x` })).toThrow('Rename it')
})

test('a template that leaves something open is refused', () => {
  expect(() => fill('{{nobody}}', {}, String)).toThrow('{{nobody}}')
})

function child(element: XmlElement, name: string): XmlElement {
  const found = element.children.filter((one) => one.name === name)
  expect(found, `<${name}> in <${element.name}>`).toHaveLength(1)
  return found[0] as XmlElement
}

/** What a property list says. */
function plist(element: XmlElement | undefined): unknown {
  switch (element?.name) {
    case 'dict': {
      const { children } = element
      const keys = children.filter((_, index) => index % 2 === 0)
      expect(keys.every(({ name }) => name === 'key')).toBe(true)
      return Object.fromEntries(keys.map(({ text }, index) => [text, plist(children[2 * index + 1])]))
    }
    case 'array':
      return element.children.map(plist)
    case 'true':
      return true
    case 'integer':
      return Number(element.text)
    case 'string':
      return element.text
    default:
      return expect.unreachable(`<${element?.name}> is not understood`)
  }
}

interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: XmlElement[]
  text: string
}

/** Reads as much of XML as the templates use, and takes nothing that is not well-formed. */
function parseXml(xml: string): XmlElement {
  const outer: XmlElement = { name: '', attributes: {}, children: [], text: '' }
  const open = [outer]
  const body = xml.replace(/^\uFEFF?<\?xml [^>]*\?>\s*(?:<!DOCTYPE [^>]*>\s*)?/, '')
  let end = 0
  for (const match of body.matchAll(/<(\/?)([\w]+)((?: [\w:]+="[^"<]*")*)(\/?)>|([^<>]+)/g)) {
    const [whole, closes, name = '', attributes = '', isEmpty, text] = match
    expect(match.index, `what stands at ${end}`).toBe(end)
    end += whole.length
    const parent = open.at(-1) as XmlElement
    if (text !== undefined) {
      parent.text += decode(text)
    } else if (closes) {
      expect(open.pop()?.name).toBe(name)
    } else {
      const pairs = [...attributes.matchAll(/([\w:]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [
        key,
        decode(value),
      ])
      const element = { name, attributes: Object.fromEntries(pairs), children: [], text: '' }
      parent.children.push(element)
      if (!isEmpty) open.push(element)
    }
  }
  expect([end, open.length, outer.children.length]).toEqual([body.length, 1, 1])
  return outer.children[0] as XmlElement
}

function decode(text: string): string {
  expect(text.replace(/&(?:amp|lt|gt);/g, '')).not.toContain('&')
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}
