// What is used of WhatsApp Web's own modules, beside what the library uses. They are not documented: each was read in the
// source of whatsapp-web.js 1.34.7.

export interface Wid {
  readonly _serialized: string
}

export interface PageKey {
  readonly fromMe: boolean
  readonly remote: Wid
  readonly id: string
  readonly participant?: Wid
  readonly _serialized: string
}

interface PageKeyParts {
  readonly id: string
  readonly fromMe?: boolean
  readonly remote?: Wid
  readonly from?: unknown
  readonly to?: Wid
  readonly participant?: unknown
  readonly selfDir?: 'out'
}

export interface PageKeyClass {
  new (parts: PageKeyParts): PageKey
  readonly prototype: object
}

export interface PageMessage {
  readonly id: PageKey
  readonly type: string
  readonly t: number
  readonly ack?: number
  readonly body?: string
  readonly caption?: string
  readonly isNotification?: boolean
}

export interface PageChat {
  readonly id: Wid
  /** Seconds since 1970, of the last message. */
  readonly t?: number
  readonly unreadCount?: number
  readonly msgs: { getModelsArray(): PageMessage[] }
}

interface Collection<Model> {
  get(id: unknown): Model | undefined
  getModelsArray(): Model[]
}

interface Modules {
  readonly WAWebMsgKey: PageKeyClass
  readonly WAWebWidFactory: { createWid(id: string): Wid }
  readonly WAWebSocketModel: { readonly Socket: { readonly state?: string; readonly hasSynced?: boolean } }
  readonly WAWebCollections: { readonly Msg: Collection<PageMessage>; readonly Chat: Collection<PageChat> }
  readonly WAWebChatLoadMessages: {
    loadEarlierMsgs(of: { readonly chat: PageChat }): Promise<PageMessage[] | undefined>
  }
  readonly WAWebApiContact: { getCurrentLid(wid: Wid): Wid | undefined; getPhoneNumber(wid: Wid): Wid | undefined }
  readonly WAWebUserPrefsMeUser: { getMaybeMePnUser(): Wid | undefined; getMaybeMeLidUser(): Wid | undefined }
  readonly WAWebQueryExistsJob: { queryWidExists(wid: Wid): Promise<unknown> }
  readonly WAWebSendMsgChatAction: {
    addAndSendMsgToChat(
      chat: PageChat,
      message: OutgoingMessage,
    ): readonly [Promise<PageMessage | undefined>, Promise<unknown>]
  }
}

/** All of them, to say at once which one a new page lacks. */
export const moduleNames: readonly (keyof Modules)[] = [
  'WAWebMsgKey',
  'WAWebWidFactory',
  'WAWebSocketModel',
  'WAWebCollections',
  'WAWebChatLoadMessages',
  'WAWebApiContact',
  'WAWebUserPrefsMeUser',
  'WAWebQueryExistsJob',
  'WAWebSendMsgChatAction',
]

/** A message on its way out, with what we put into it. */
export interface OutgoingMessage {
  id: PageKey
  readonly from: unknown
  waAgentIds?: readonly string[]
}

/** What has left, by the first of the ids that we chose for it. */
export interface LeftMessage {
  readonly key: PageKey
  message?: PageMessage
}

/** The global object of the page, as far as our functions use it. */
export interface PageWindow {
  require<Name extends keyof Modules>(name: Name): Modules[Name]
  readonly WWebJS?: {
    getMessageModel(message: PageMessage): Record<string, unknown>
    sendChatstate(state: 'typing' | 'recording' | 'stop', chat: string): Promise<unknown>
    getOrderDetail(id: string, token: string, chat: string): Promise<unknown>
  }
  readonly onAppStateHasSyncedEvent?: () => void
  /** Ours: set while the page is as we want it. */
  waAgentLeft?: Map<string, LeftMessage>
}
