import { Chats, findOrCreateLatestChat, loadEarlierMsgs } from './chats.js'
import * as contacts from './contacts.js'
import { Collection, Emitter, Model } from './emitter.js'
import { createWid, MsgKey, Wid } from './ids.js'
import * as media from './media.js'
import { Msg } from './messages.js'
import { altDeviceLinking, refreshQR, registration } from './pairing.js'
import * as send from './send.js'
import { call, tell } from './server.js'
import { Cmd, Conn, Socket } from './socket.js'

// The modules of the page by the names under which programs ask for them, as `window.require(name)`.

/** Calls by telephone: a program replaces `set` of the map to hear of them. */
class Calls extends Emitter {
  map = new Map()
}

class ProfilePictures extends Collection {
  async find() {
    return undefined
  }
}

const groups = { update: async () => undefined }

const collections = {
  Msg,
  Chat: Chats,
  Contact: contacts.Contacts,
  GroupMetadata: groups,
  Blocklist: new Collection(),
  ProfilePicThumb: new ProfilePictures(),
  Label: new Collection(),
  WAWebNewsletterCollection: new Collection(),
  BusinessProfile: { find: async () => ({}) },
}

const address = /\b(?:https?:\/\/|www\.)[^\s<>"]+/gi
const linkOf = (href) => ({ href, suspiciousCharacters: new Set() })
const findLinks = (text) => (text?.match(address) ?? []).map(linkOf)

function asUserWidOrThrow(wid) {
  if (!wid?.isUser()) throw new Error('asUserWidOrThrow: wid is not a user wid')
  return wid
}

Object.assign(Cmd, {
  refreshQR,
  sendRevokeMsgs: send.sendRevokeMsgs,
  sendDeleteMsgs: send.sendDeleteMsgs,
  openChatBottom: async () => undefined,
})

const connection = {
  WAWebSocketModel: { Socket },
  WAWebConnModel: { Conn },
  WAWebCmd: { Cmd },
  WAWebOfflineHandler: { OfflineMessageHandler: { getOfflineDeliveryProgress: () => 100 } },
  WAWebAltDeviceLinkingApi: altDeviceLinking,
  WAWebLaunchSocketUtils: { refreshQR },
  ...registration,
  WAWebMiscBrowserUtils: { info: () => ({ name: 'Chrome', os: 'Linux' }) },
  WAWebUserPrefsMeUser: send.ownWids,
  WAWebSyncGatingUtils: { isPlaceholderMessageResendEnabled: () => false },
  WAWebStreamModel: {
    Stream: {
      markAvailable: send.presence.sendPresenceAvailable,
      markUnavailable: send.presence.sendPresenceUnavailable,
    },
  },
  WAWebPresenceChatAction: send.presence,
}

const chats = {
  WAWebCollections: collections,
  WAWebCallCollection: new Calls(),
  WAWebFindChatAction: { findOrCreateLatestChat },
  WAWebChatLoadMessages: { loadEarlierMsgs },
  WAWebChatGetters: { getIsNewsletter: ({ id }) => id.isNewsletter(), getIsBroadcast: ({ id }) => id.isStatus() },
  WAWebChatStateBridge: send.chatStates,
  WAWebUpdateUnreadChatAction: { sendSeen: send.sendSeen },
  WAWebWidFactory: {
    createWid,
    createWidFromWidLike: createWid,
    createUserWidOrThrow: (id) => asUserWidOrThrow(createWid(id)),
    asUserWidOrThrow,
    isWidlike: (value) => value instanceof Wid,
  },
  WAWebLidMigrationUtils: { toPn: contacts.getPhoneNumber, toLid: contacts.getCurrentLid },
  WAWebApiContact: {
    getCurrentLid: contacts.getCurrentLid,
    getPhoneNumber: contacts.getPhoneNumber,
    getAlternateUserWid: contacts.getAlternateUserWid,
  },
  WAWebContactGetters: contacts.contactGetters,
  WAWebFrontendContactGetters: { getIsMyContact: ({ name }) => name !== undefined },
  WAWebQueryExistsJob: { queryWidExists: contacts.queryWidExists },
  WAWebFrontendVcardUtils: { vcardFromContactModel: contacts.vcardFromContactModel },
}

const messages = {
  WAWebMsgKey: MsgKey,
  WAWebMsgReply: { canReplyMsg: (message) => message.canReply() },
  WAWebQuotedMsgModelUtils: {
    getQuotedMsgObj: (message) => Msg.get(message.quotedMsgKey) ?? new Model(message.quotedMsg),
  },
  WAWebSendMsgChatAction: { addAndSendMsgToChat: send.addAndSendMsgToChat },
  WAWebSendReactionMsgAction: { sendReactionToMsg: send.sendReactionToMsg },
  WAWebSendMessageEditAction: { sendMessageEdit: send.sendMessageEdit },
  WAWebMsgActionCapability: send.capabilities,
  WAWebGetEphemeralFieldsMsgActionsUtils: { getEphemeralFields: () => ({}) },
  WAWebNonMessageDataRequestPlaceholderMessageResendUtils: {
    handlePlaceholderMsgsSeen: (missing) => call('resend', { ids: missing.map(({ id }) => String(id)) }),
  },
  WAWebAddonReactionTableMode: { reactionTableMode: { bulkUpsert: async () => undefined } },
  WAWebAddonPollVoteTableMode: { pollVoteTableMode: { bulkUpsert: async () => undefined } },
  WALinkify: { findLinks, findLink: (text) => findLinks(text)[0] },
  WAWebLinkPreviewChatAction: { getLinkPreview: async () => undefined },
  WAWebVcardParsingUtils: { parseVcard: (text) => ({ name: /^FN:(.*)$/m.exec(text)?.[1]?.trim() }) },
  WAWebVcardGetNameFromParsed: { vcardGetNameFromParsed: ({ name }) => name },
}

const files = {
  WAWebMediaOpaqueData: media.OpaqueData,
  WAWebPrepRawMedia: { prepRawMedia: media.prepRawMedia },
  WAWebMediaStorage: { getOrCreateMediaObject: media.getOrCreateMediaObject },
  WAWebMmsMediaTypes: { msgToMediaType: ({ type }) => type, castToV4: (type) => type },
  WAWebMediaDataUtils: { shouldUseMediaCache: () => true },
  WAWebMediaInMemoryBlobCache: { InMemoryMediaBlobCache: media.blobs },
  WAWebMediaMmsV4Upload: { uploadMedia: media.uploadMedia },
  WAWebUploadManager: { encryptAndUpload: media.encryptAndUpload },
  WAWebStartMediaUploadQpl: { startMediaUploadQpl: () => ({}) },
  WAWebImageUtils: { toWebpSticker: media.toWebpSticker },
  WAWebDownloadManager: { downloadManager: media.downloadManager },
}

const modules = { ...connection, ...chats, ...messages, ...files }

/** What programs look for and every page may lack. */
const optional = new Set(['WAWebBackendJobsCommon', 'WAWebE2EProtoUtils'])

/** Throws for what is not there, as the page does, and tells the server. */
export function requireModule(name) {
  const found = modules[name]
  if (found) return found
  if (!optional.has(name)) tell('missing', { name })
  throw new Error(`Requiring unknown module "${name}"`)
}
