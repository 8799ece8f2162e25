// Bluesky's own library as an oracle: one line of JSON with a list of questions, one line with a list of answers.
//
// {"text"} -> {"facets": [[byteStart, byteEnd, kind, value]], "graphemes", "bytes", "tidied"}: the facets that the app
// would show, mentions with their handle in place of the DID. {"nsid", "record"} -> {"problem": null or what is wrong}.
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

const answer = (question) =>
  'text' in question ? shown(question.text) : { problem: problem(question.nsid, question.record) }

for await (const line of readline.createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(JSON.parse(line).map(answer)))
}
