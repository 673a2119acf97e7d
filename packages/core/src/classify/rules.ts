import type { Agent, IntentDefinition } from '../agent.ts'
import { type InboundMessage, textOf } from '../message.ts'
import { keywordOf } from '../normalize.ts'
import type { Classification } from '../turn.ts'
import { readEntities } from './entities.ts'

interface Rule {
  readonly agent: string
  readonly intent: string
  readonly definition: IntentDefinition
  readonly pattern: RegExp
}

interface Target {
  readonly agent: string
  readonly intent: string
}

/** Patterns are searched in this much of a text, so that no expression can be kept busy by a huge one. */
const maxPatternLength = 4096

/** The first step of the cascade: what the authors wrote down decides at once. */
export interface RulesClassifier {
  classify(messages: readonly InboundMessage[], text: string): Classification | undefined
}

/** Collects the rules of all agents; where two agents claim a keyword the first one has it. */
export function createRules(agents: readonly Agent[]): RulesClassifier {
  const keywords = new Map<string, Target>()
  const types = new Map<string, Target>()
  const patterns: Rule[] = []
  for (const agent of agents) {
    for (const [intent, definition] of Object.entries(agent.intents)) {
      const target = { agent: agent.name, intent }
      for (const type of definition.types ?? []) if (!types.has(type)) types.set(type, target)
      for (const rule of definition.rules ?? []) {
        if (typeof rule === 'string') addKeyword(keywordOf(rule), target)
        else patterns.push({ ...target, definition, pattern: withoutState(rule) })
      }
    }
  }
  return {
    classify(messages, text) {
      const last = messages.at(-1)
      if (last?.type === 'selection') {
        const chosen = keywords.get(keywordOf(last.selection.id.slice(0, maxPatternLength)))
        if (chosen) return decided(chosen, 'chosen from a menu')
      }
      const typed = last && types.get(last.type)
      if (typed) return decided(typed, `message type ${last.type}`)
      if (text.length > maxPatternLength) return undefined
      const keyword =
        keywords.size > 0 ? (keywords.get(keywordOf(text)) ?? lastKeyword(last, messages.length)) : undefined
      return keyword ? decided(keyword, 'keyword') : firstMatch(text)
    },
  }

  function addKeyword(keyword: string, target: Target): void {
    // An empty one would be the keyword of every message without text.
    if (keyword !== '' && !keywords.has(keyword)) keywords.set(keyword, target)
  }

  /** In a burst the last message may be a command by itself. */
  function lastKeyword(last: InboundMessage | undefined, count: number): Target | undefined {
    return last && count > 1 ? keywords.get(keywordOf(textOf(last))) : undefined
  }

  function firstMatch(text: string): Classification | undefined {
    for (const rule of patterns) {
      const match = rule.pattern.exec(text)
      if (match) return decided(rule, 'pattern', readEntities(rule.definition.entities, match.groups ?? {}))
    }
    return undefined
  }
}

/** A `g` or `y` flag makes an expression remember where it stopped, which would make every second message fail. */
function withoutState(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''))
}

function decided({ agent, intent }: Target, reason: string, entities: Classification['entities'] = {}): Classification {
  return { agent, intent, confidence: 1, decidedBy: 'rules', entities, reason }
}
