import { posix, win32 } from 'node:path'
import { fill, inJson, inUnit, inXml } from './fill.ts'

export const serviceKinds = ['systemd', 'launchd', 'pm2', 'windows'] as const
export type ServiceKind = (typeof serviceKinds)[number]

/** What a service is made from: absolute paths, and who it is for. */
export interface ServiceFacts {
  readonly node: string
  /** The file that the service runs. */
  readonly program: string
  /** Where `.env` and `data` are. */
  readonly directory: string
  readonly home: string
  /** `XDG_CONFIG_HOME`, where it is set. */
  readonly configHome?: string
  /** The name to log in with; on Windows with its domain. */
  readonly user: string
  /** The number of the user; absent on Windows. */
  readonly userId?: number
}

/** A program to run. */
export interface Command {
  readonly file: string
  readonly parameters: readonly string[]
  /** It may fail, e.g. because there is nothing to stop. */
  readonly mayFail?: boolean
}

/** How a service is put in place and taken away. */
export interface Service {
  readonly path: string
  readonly content: string
  readonly encoding: 'utf8' | 'utf16le'
  readonly install: readonly Command[]
  readonly uninstall: readonly Command[]
  /** What is to be said once it runs. */
  readonly notes: readonly string[]
}

const name = 'wa-agent-desktop'
const taskName = 'WhatsApp desktop agent'

/** Makes a service from its template. */
export function serviceOf(kind: ServiceKind, template: string, facts: ServiceFacts): Service {
  const strange = [facts.node, facts.program, facts.directory].find((path) => /\p{Cc}/u.test(path))
  if (strange !== undefined) {
    throw new Error(`No service can be made of a path with control characters: ${JSON.stringify(strange)}. Rename it.`)
  }
  return makers[kind](template, facts)
}

const makers: Readonly<Record<ServiceKind, (template: string, facts: ServiceFacts) => Service>> = {
  systemd(template, { node, program, directory, home, configHome, user }) {
    const systemctl = (...parameters: string[]): Command => ({
      file: 'systemctl',
      parameters: ['--user', ...parameters],
    })
    const unit = `${name}.service`
    // A path that stands alone, without quotation marks, is taken as it is, but for `%`.
    const written = (value: string, place: string) =>
      place === 'directory' ? value.replaceAll('%', '%%') : inUnit(value)
    return {
      path: posix.join(configHome ?? posix.join(home, '.config'), 'systemd', 'user', unit),
      content: fill(template, { node, program, directory }, written),
      encoding: 'utf8',
      install: [systemctl('daemon-reload'), systemctl('enable', unit), systemctl('restart', unit)],
      uninstall: [{ ...systemctl('disable', '--now', unit), mayFail: true }],
      notes: [
        `See how it is:  systemctl --user status ${name}`,
        `See its lines:  journalctl --user -u ${name} -f`,
        `To run it also while nobody is logged in:  sudo loginctl enable-linger ${user}`,
      ],
    }
  },
  launchd(template, { node, program, directory, home, userId = 0 }) {
    const output = posix.join(home, 'Library', 'Logs', `${name}.log`)
    const path = posix.join(home, 'Library', 'LaunchAgents', `${name}.plist`)
    const domain = `gui/${userId}`
    const leave = { file: 'launchctl', parameters: ['bootout', `${domain}/${name}`], mayFail: true }
    return {
      path,
      content: fill(template, { name, node, program, directory, output }, inXml),
      encoding: 'utf8',
      install: [leave, { file: 'launchctl', parameters: ['bootstrap', domain, path] }],
      uninstall: [leave],
      notes: [
        `See how it is:  launchctl print ${domain}/${name}`,
        `See its lines:  tail -f ${JSON.stringify(output)}`,
        'If macOS asks whether node may find devices on the network or show notifications, allow it.',
      ],
    }
  },
  pm2(template, { node, program, directory }) {
    const join = /^[A-Za-z]:\\|^\\\\/.test(directory) ? win32.join : posix.join
    const path = join(directory, 'data', `${name}.pm2.json`)
    return {
      path,
      content: fill(template, { name, node, program, directory }, inJson),
      encoding: 'utf8',
      install: [
        { file: 'pm2', parameters: ['delete', name], mayFail: true },
        { file: 'pm2', parameters: ['start', path] },
        { file: 'pm2', parameters: ['save'] },
      ],
      uninstall: [
        { file: 'pm2', parameters: ['delete', name], mayFail: true },
        { file: 'pm2', parameters: ['save', '--force'] },
      ],
      notes: [
        `See how it is:  pm2 status ${name}`,
        `See its lines:  pm2 logs ${name}`,
        'To run it after a restart of the computer:  pm2 startup  (and do what it prints)',
      ],
    }
  },
  windows(template, { node, program, directory, user }) {
    const path = win32.join(directory, 'data', `${name}.task.xml`)
    const schtasks = (...parameters: string[]): Command => ({ file: 'schtasks.exe', parameters })
    return {
      path,
      // Windows wants a mark for the order of the bytes.
      content: `\uFEFF${fill(template, { node, program, directory, user }, inXml).replaceAll('\n', '\r\n')}`,
      encoding: 'utf16le',
      install: [
        { ...schtasks('/End', '/TN', taskName), mayFail: true },
        schtasks('/Create', '/TN', taskName, '/XML', path, '/F'),
        schtasks('/Run', '/TN', taskName),
      ],
      uninstall: [
        { ...schtasks('/End', '/TN', taskName), mayFail: true },
        { ...schtasks('/Delete', '/TN', taskName, '/F'), mayFail: true },
      ],
      notes: [
        'It has a window with one line that says how it is. Minimise it: closed, it comes back within a minute.',
        `See how it is:  schtasks /Query /TN "${taskName}" /V /FO LIST`,
        'It starts when you log in.',
      ],
    }
  },
}
