import { Emitter, Model } from './emitter.js'
import { createWid } from './ids.js'
import { call, tell } from './server.js'
import { settings } from './settings.js'

// The connection as the page shows it: its state, who is linked, and what others command.

class SocketModel extends Model {
  /** Tells that the sync is over: at once, or as soon as somebody listens for it. */
  sync() {
    const ready = settings.syncedAtOnce || this.listens('change:hasSynced')
    if (ready && this.state === 'CONNECTED' && !this.hasSynced) this.set({ hasSynced: true })
  }

  heard(name) {
    // Later, because who listens first may listen to more in the same breath.
    if (name === 'change:hasSynced') setTimeout(() => this.sync())
  }

  enter(state) {
    if (state === this.state) return
    this.set({ state, stream: state === 'CONNECTED' ? 'CONNECTED' : 'DISCONNECTED' })
    tell('state', { state })
  }

  reconnect() {
    tell('reconnect')
  }

  takeover() {
    tell('takeover')
  }

  logout() {
    return call('logout')
  }
}

class ConnModel extends Model {
  heard(name) {
    if (name === 'change:ref') tell('qr-read')
  }

  canSetMyPushname() {
    return true
  }

  serialize() {
    const { ref: _ref, ...rest } = this
    return rest
  }
}

export const Socket = new SocketModel({ state: 'OPENING', stream: 'DISCONNECTED', hasSynced: false })
export const Conn = new ConnModel({ ref: undefined, platform: 'android', pushname: undefined, connected: false })
export const Cmd = new Emitter()

/** The linked account's own ids. */
export const me = { phone: undefined, lid: undefined }

/** Takes the account on that the server tells of. */
export function becomes(account) {
  me.phone = createWid(account.phone)
  me.lid = createWid(account.lid)
  Conn.set({ pushname: account.name, wid: me.phone, connected: true })
}
