import { renderSVG } from 'uqr'
import type { AgentStatus } from './agent-status.ts'
import { headline } from './status-line.ts'

const refreshSeconds = 3

/** A page for a browser on this computer: the QR code while there is one, otherwise how things are. Looks again by itself. */
export function qrPage(status: AgentStatus, qr: string | undefined): string {
  const content =
    qr === undefined
      ? `<p>${escapeHtml(headline(status))}</p>`
      : `${renderSVG(qr, { border: 2 })}<p>On the phone: WhatsApp, Settings, Linked devices, Link a device.</p>`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="${refreshSeconds}">
<title>Desktop agent</title>
<style>body{font:1.2rem system-ui;margin:2rem;text-align:center}svg{width:min(22rem,90vw);height:auto}</style>
${content}
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
