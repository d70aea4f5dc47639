/** The longest sentence, in words. */
export const maxWords = 25

/**
 * Words and phrases that a native reader stumbles over, with what to write in their place.
 * CONTRIBUTING.md explains the rule; this list is the whole of it.
 */
const bannedPhrases = {
  anew: 'again',
  besides: 'also, or a new sentence',
  beside: 'next to, with',
  'at hand': 'current, available',
  'is told': 'is reported, logs, answers',
  'are told': 'are reported',
  'tells of': 'reports, describes',
  'tell of': 'report, describe',
  'is none': 'is not one, there is none of …',
  'hand on': 'publish, pass',
  'hands on': 'publishes, passes',
  'handed on': 'published, passed',
  'as far as': 'where, up to',
  'in words': 'as text',
  'so they do': 'delete it',
  'so it does': 'delete it',
  'of which': 'a clause of its own',
  'that is taken': 'that is valid, accepted',
  'not given': 'absent, unavailable',
  whoever: 'the caller, the reader',
  nobody: 'no client, no caller',
  'for who': 'for callers that, if the client',
  'by who': 'by the caller that',
  'to who': 'to the caller that',
  'than who': 'than the caller that',
  'it stands': 'it is',
  'stands for itself': 'counts once',
  'stands above': 'is above',
  'stands below': 'is below',
  'stands in': 'is in',
  'stand in': 'are in',
  'goes on with': 'continues with',
  begun: 'started',
}

/** Any white space may separate the words of a phrase. */
const patterns = Object.entries(bannedPhrases).map(([phrase, instead]) => ({
  phrase,
  instead,
  pattern: new RegExp(`(?<![\\w-])${phrase.replaceAll(' ', '\\s+')}(?![\\w-])`, 'i'),
}))

/**
 * Finds what is wrong with one paragraph of plain text.
 *
 * @param {string} text without markup; code is a single word
 * @returns {string[]} one message per violation
 */
export function violations(text) {
  return sentences(text).flatMap((sentence) => [
    ...wordViolations(sentence),
    ...lengthViolations(sentence),
    ...openingViolations(sentence),
  ])
}

function wordViolations(sentence) {
  return patterns
    .filter(({ pattern }) => pattern.test(sentence))
    .map(({ phrase, instead }) => `"${phrase}" (write: ${instead}): ${cut(sentence)}`)
}

function lengthViolations(sentence) {
  const words = sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length
  return words > maxWords ? [`${words} words (at most ${maxWords}): ${cut(sentence)}`] : []
}

/** "What" and "Who" open a question, or a clause that should have a noun in front. */
function openingViolations(sentence) {
  if (!/^(what|who)\b/i.test(sentence) || sentence.endsWith('?')) return []
  return [`begins with "${sentence.split(/\s/, 1)[0]}" and is no question: ${cut(sentence)}`]
}

/** A sentence ends with a mark that white space and a capital letter, a digit or tta follow, or with the text. */
function sentences(text) {
  return text
    .replaceAll(/\b(e\.g|i\.e|etc|vs|cf)\./g, '$1')
    .split(/(?<=[.!?]["')]?)\s+(?=["'(]?(?:[\p{Lu}\p{N}]|tta\b))/u)
    .map((sentence) => sentence.replaceAll(/\s+/g, ' ').trim())
    .filter((sentence) => sentence !== '')
}

const cut = (sentence) => (sentence.length > 160 ? `${sentence.slice(0, 157)}…` : sentence)
