// Events, models and collections as the page of WhatsApp Web has them: the shape of Backbone, and no more of it than
// programs use that look into the page.

/** Listeners by name; several names may stand in one string: `change:body change:caption`. Of `all` they hear everything. */
export class Emitter {
  #listeners = new Map()

  on(names, listener) {
    for (const name of names.split(' ')) {
      this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener])
      this.heard(name)
    }
    return this
  }

  once(names, listener) {
    const first = (...values) => {
      this.off(names, first)
      listener(...values)
    }
    return this.on(names, first)
  }

  off(names, listener) {
    for (const name of names.split(' ')) {
      const kept = (this.#listeners.get(name) ?? []).filter((one) => one !== listener)
      this.#listeners.set(name, kept)
    }
    return this
  }

  trigger(name, ...values) {
    for (const listener of this.#listeners.get(name) ?? []) listener(...values)
    for (const listener of this.#listeners.get('all') ?? []) listener(name, ...values)
  }

  listens(name) {
    return (this.#listeners.get(name) ?? []).length > 0
  }

  /** Called for each new listener. */
  heard(_name) {}
}

/** Attributes are plain properties; `set` tells of what changed. */
export class Model extends Emitter {
  /** The collection that hears of every change of this model. */
  #collection

  constructor(attributes = {}) {
    super()
    Object.assign(this, attributes)
  }

  belongsTo(collection) {
    this.#collection = collection
  }

  set(attributes) {
    const changes = Object.entries(attributes)
      .map(([name, value]) => ({ name, value, before: this[name] }))
      .filter(({ value, before }) => value !== before)
    Object.assign(this, attributes)
    for (const { name, value, before } of changes) this.#tell(`change:${name}`, value, before)
    if (changes.length > 0) this.#tell('change')
  }

  #tell(name, ...values) {
    this.trigger(name, this, ...values)
    this.#collection?.trigger(name, this, ...values)
  }

  serialize() {
    return { ...this }
  }

  /** What becomes of a model that is handed to a program as an argument. */
  toJSON() {
    return this.serialize()
  }
}

/** Models in the order in which they were added, by the text of their id. */
export class Collection extends Emitter {
  #models = new Map()

  add(model, { atFront = false } = {}) {
    const key = String(model.id)
    if (this.#models.has(key)) return this.#models.get(key)
    model.belongsTo(this)
    if (atFront) this.#models = new Map([[key, model], ...this.#models])
    else this.#models.set(key, model)
    this.trigger('add', model)
    return model
  }

  remove(model) {
    if (this.#models.delete(String(model.id))) this.trigger('remove', model)
  }

  /** Lets go of a model without telling anybody. */
  forget(model) {
    this.#models.delete(String(model.id))
  }

  get(id) {
    return id === undefined || id === null ? undefined : this.#models.get(String(id))
  }

  getModelsArray() {
    return [...this.#models.values()]
  }

  get length() {
    return this.#models.size
  }

  first() {
    return this.#models.values().next().value
  }
}
