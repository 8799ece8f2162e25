// Bluesky's own library as an oracle: one line of JSON with a list of questions, one line with a list of answers.
//
// {"text"} -> {"facets": [[byteStart, byteEnd, kind, value]], "graphemes", "bytes", "tidied"}: the facets that the app
// would show, mentions with their handle in place of the DID. {"nsid", "record"} -> {"problem": null or what is wrong}.
// With "limits" beside these -> [[field, rule, number, where it is in the record]].
import readline from 'node:readline'
import { jsonToLex, lexicons, RichText } from '@atproto/api'

const KINDS = { link: 'uri', mention: 'did', tag: 'tag' }

const shown = (text) => {
  const rich = new RichText({ text })
  rich.detectFacetsWithoutResolution()
  const facets = []
  let end = 0
  // As the library's own segments(): of facets that overlap, the first is shown.
  for (const { index, features } of rich.facets ?? []) {
    if (index.byteStart < end) continue
    end = index.byteEnd
    const kind = features[0].$type.split('#')[1]
    facets.push([index.byteStart, index.byteEnd, kind, features[0][KINDS[kind]]])
  }
  // What the app's composer does before it sends.
  const trimmed = text.replace(/^(\s*\n)+/, '').trimEnd()
  const tidied = new RichText({ text: trimmed }, { cleanNewlines: true }).text
  return { facets, graphemes: rich.graphemeLength, bytes: rich.length, tidied }
}

// A union is open: what no lexicon here describes would pass unseen, a misspelt name above all.
const unknown = (value) => {
  if (value === null || typeof value !== 'object') return undefined
  const own = value.$type
  if (typeof own === 'string' && own !== 'blob' && !lexicons.getDef(own)) return own
  return Object.values(value).map(unknown).find(Boolean)
}

const problem = (nsid, record) => {
  const stranger = unknown(record)
  if (stranger) return `there is no lexicon for ${stranger}`
  try {
    lexicons.assertValidRecord(nsid, jsonToLex(record))
    return null
  } catch (error) {
    return error.message
  }
}

const NUMBERS = ['maxLength', 'maxGraphemes', 'minLength', 'minGraphemes', 'maximum', 'minimum', 'maxSize']

// Every number that the lexicons set for a field that is in a record, with where the field is.
const limits = (nsid, name, def, value, place, found) => {
  if (!def || value === undefined) return found
  for (const rule of NUMBERS) if (def[rule] !== undefined) found.push([name, rule, def[rule], place])
  if (def.type === 'record') limits(nsid, name, def.record, value, place, found)
  if (def.type === 'array') value.forEach((one, i) => limits(nsid, `${name}[]`, def.items, one, [...place, i], found))
  for (const [key, inner] of def.type === 'object' ? Object.entries(def.properties ?? {}) : []) {
    limits(nsid, `${name}.${key}`, inner, value[key], [...place, key], found)
  }
  const named = def.type === 'ref' ? def.ref : def.type === 'union' ? value.$type : undefined
  if (named) {
    const full = named.replace('lex:', '').replace(/^#/, `${nsid}#`)
    limits(full.split('#')[0], full.replace('#main', ''), lexicons.getDef(full), value, place, found)
  }
  return found
}

const answer = (question) => {
  if ('text' in question) return shown(question.text)
  const { nsid, record } = question
  if (question.limits) return limits(nsid, nsid, lexicons.getDef(nsid), record, [], [])
  return { problem: problem(nsid, record) }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(JSON.parse(line).map(answer)))
}
