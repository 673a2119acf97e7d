import { download, upload } from './server.js'

// Files on their way out, prepared in the steps of the page: wrapped, looked at, uploaded. And on their way in.

/** A blob that can be looked at again. */
export class OpaqueData {
  #blob
  #url

  constructor(blob) {
    this.#blob = blob
  }

  static async createFromData(data, mimetype) {
    if (data instanceof OpaqueData) return data
    // A file keeps its name.
    return new OpaqueData(data instanceof File ? data : new Blob([data], { type: mimetype ?? data.type }))
  }

  get type() {
    return this.#blob.type
  }

  get size() {
    return this.#blob.size
  }

  url() {
    this.#url ??= URL.createObjectURL(this.#blob)
    return this.#url
  }

  autorelease() {
    URL.revokeObjectURL(this.#url)
  }

  formData() {
    return this.#blob
  }
}

async function hashOf(blob) {
  const hash = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer())
  return btoa(String.fromCharCode(...new Uint8Array(hash)))
}

/** What kind of message a file becomes. */
function typeOf(mimetype, { asSticker, isPtt, asDocument }) {
  const kind = mimetype.split('/')[0]
  if (asDocument) return 'document'
  if (asSticker) return 'sticker'
  if (kind === 'audio') return isPtt ? 'ptt' : 'audio'
  return kind === 'image' || kind === 'video' ? kind : 'document'
}

class MediaData {
  constructor(attributes) {
    this.set(attributes)
  }

  set(attributes) {
    Object.assign(this, attributes)
  }

  toJSON() {
    const { mediaBlob: _blob, renderableUrl: _url, ...rest } = this
    return rest
  }
}

/** The first step: what the file is. */
export function prepRawMedia(data, parameters) {
  return {
    async waitForPrep() {
      const blob = data.formData()
      const mimetype = data.type.split(';')[0]
      const type = typeOf(mimetype, parameters)
      const isGif = Boolean(parameters.asGif && type === 'video')
      const common = {
        type,
        mimetype: data.type,
        size: data.size,
        isGif,
        mediaBlob: data,
        filehash: await hashOf(blob),
      }
      return new MediaData({ ...common, ...(type === 'document' ? { filename: blob.name } : {}) })
    },
  }
}

/** What is known of a file, by its hash. */
export function getOrCreateMediaObject(filehash) {
  const consolidate = (media) => Object.assign(object, { type: media.type, size: media.size })
  const object = { filehash, type: undefined, contentInfo: {}, consolidate }
  return object
}

/** Files between two steps, by their hash; the same one may be sent several times at once. */
const waiting = new Map()

export const blobs = {
  put(filehash, blob) {
    waiting.set(filehash, [...(waiting.get(filehash) ?? []), blob])
  },
}

function takeBlob(filehash) {
  const [blob, ...rest] = waiting.get(filehash)
  if (rest.length > 0) waiting.set(filehash, rest)
  else waiting.delete(filehash)
  return blob
}

async function encrypted(blob) {
  const path = await upload(blob)
  const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))
  return { directPath: path, mediaKey: key, mediaKeyTimestamp: Math.floor(Date.now() / 1000) }
}

/** The last step of all files but stickers. */
export async function uploadMedia({ mediaObject }) {
  const entry = await encrypted(takeBlob(mediaObject.filehash))
  return {
    mediaEntry: { ...entry, mmsUrl: entry.directPath, encFilehash: `e${mediaObject.filehash}`, uploadHash: 'u' },
  }
}

/** The way of stickers. */
export async function encryptAndUpload({ blob }) {
  const entry = await encrypted(blob)
  return { ...entry, url: entry.directPath, encFilehash: 'e', mimetype: blob.type }
}

/** Any picture as a sticker. */
export async function toWebpSticker(file) {
  const bitmap = await createImageBitmap(file)
  const canvas = new OffscreenCanvas(512, 512)
  const scale = Math.min(512 / bitmap.width, 512 / bitmap.height)
  const [width, height] = [bitmap.width * scale, bitmap.height * scale]
  canvas.getContext('2d').drawImage(bitmap, (512 - width) / 2, (512 - height) / 2, width, height)
  return canvas.convertToBlob({ type: 'image/webp' })
}

/** The files of others. */
export const downloadManager = {
  downloadAndMaybeDecrypt: ({ directPath }) => download(directPath),
}
