import { execFile } from 'node:child_process'
import type { Logger } from '@wa-agent/core'
import type { Notice } from './alerts.ts'

/** A program of the operating system that shows a notification. */
export interface NotificationCommand {
  readonly file: string
  readonly parameters: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

const timeoutMs = 15_000

/** PowerShell, which every Windows has, may show notifications; a program has to be installed first. */
const powerShellId = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe'
// The words come by the environment, so that nothing in them can be taken for a command.
const windowsScript = [
  "$ErrorActionPreference = 'Stop'",
  '[void][Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime]',
  '[void][Windows.Data.Xml.Dom.XmlDocument, Windows.Data.Xml.Dom, ContentType = WindowsRuntime]',
  "$words = ($env:NOTICE_TITLE, $env:NOTICE_TEXT | % { '<text>' + [Security.SecurityElement]::Escape($_) + '</text>' }) -join ''",
  '$xml = New-Object Windows.Data.Xml.Dom.XmlDocument',
  "$xml.LoadXml('<toast><visual><binding template=''ToastGeneric''>' + $words + '</binding></visual></toast>')",
  '$toast = New-Object Windows.UI.Notifications.ToastNotification $xml',
  `[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier('${powerShellId}').Show($toast)`,
].join('; ')

/** How the notification is shown on this system. Each has its own program for it, so nothing has to be installed for it. */
export function notificationCommand(notice: Notice, platform: NodeJS.Platform): NotificationCommand {
  const { title, text } = notice
  switch (platform) {
    case 'darwin': {
      const script = ['on run argv', 'display notification (item 2 of argv) with title (item 1 of argv)', 'end run']
      return { file: 'osascript', parameters: [...script.flatMap((line) => ['-e', line]), title, text] }
    }
    case 'win32':
      return {
        file: 'powershell.exe',
        parameters: ['-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-Command', windowsScript],
        environment: { NOTICE_TITLE: title, NOTICE_TEXT: text },
      }
    default:
      return { file: 'notify-send', parameters: ['--app-name=WhatsApp agent', '--', title, text] }
  }
}

/** Shows notifications. Where the desktop has none, or nobody is logged in, that is logged and nothing else happens. */
export function desktopNotifier(logger: Logger, platform: NodeJS.Platform = process.platform) {
  return (notice: Notice): void => {
    const { file, parameters, environment } = notificationCommand(notice, platform)
    const failed = (error: unknown) => {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      logger.warn({ program: file, code }, 'a desktop notification could not be shown')
    }
    try {
      const options = { timeout: timeoutMs, windowsHide: true, env: { ...process.env, ...environment } }
      execFile(file, parameters, options, (error) => error && failed(error))
    } catch (error) {
      failed(error)
    }
  }
}
