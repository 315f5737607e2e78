import fc from 'fast-check'

/** A repeatable source of numbers (mulberry32). */
export function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** Pieces that mean something to one of the sinks. */
const pieces = [
  ...[
    "'",
    '"',
    '`',
    '\\',
    '$',
    '%',
    '{{',
    '}}',
    '{%',
    '%}',
    '{#',
    '\n',
    '\r\n',
    '\r',
    '\t',
    '\0',
    '\u0085',
    '\u2028',
  ],
  ...[
    '\u2029',
    '\ufeff',
    '\u200b',
    '\u202e',
    '\u00a0',
    '\u0001',
    '\u001b[31m',
    '\u007f',
    '\ud800',
    '\udc00',
    '😀',
    'é',
  ],
  ...[
    '..',
    '../',
    '/../',
    './',
    '//',
    '/',
    '.',
    '~',
    '*',
    '?',
    '[',
    ']',
    '(',
    ')',
    '<',
    '>',
    '|',
    '&',
    ';',
    '#',
    ' #',
  ],
  ...[
    '=',
    ':',
    ': ',
    '- ',
    '? ',
    '! ',
    '!!python/object:os.system ',
    '&a',
    '*a',
    '@',
    ',',
    ' ',
    '  ',
    '\\n',
    '\\x00',
  ],
  ...[
    '$(id)',
    '`id`',
    '$\u007bPATH}',
    '$HOME',
    '%h',
    '%%',
    '%n',
    '$$',
    '\nLD_PRELOAD=/x\n',
    '\nExecStart=/bin/evil\n',
  ],
  ...[
    '--meshjoin-boundary',
    '\n--meshjoin-boundary--\n',
    '#cloud-config',
    '\n#!/bin/sh\n',
    '\n---\n',
    '\n...\n',
    '---',
  ],
  ...[
    'COMMIT',
    '\nCOMMIT\n*filter\n',
    '-j ACCEPT',
    '--',
    '-x',
    "'; id; '",
    '" id "',
    "'\\''",
    '\nEOF\n',
    '\\',
    '\\\\',
  ],
  ...[
    'true',
    'null',
    '~',
    '0',
    '0755',
    '1e3',
    '.inf',
    '<<',
    'yes',
    '2001:db8::1',
    '::',
    '0.0.0.0/0',
    '65536',
    '-1',
  ],
  ...[
    '{version}',
    '{arch}',
    '__proto__',
    'constructor',
    '-----BEGIN CERTIFICATE-----',
    '-----END CERTIFICATE-----',
  ],
  ...[
    '-----BEGIN PRIVATE KEY-----',
    'a',
    'Z',
    '9',
    '_',
    '-',
    'cluster.local',
    'spiffe://',
    'https://',
    'x'.repeat(300),
  ],
] as const

/** A string of hostile pieces. */
export function drawHostile(random: (below: number) => number): string {
  let text = ''
  for (let count = random(6); count >= 0; count--) text += pieces[random(pieces.length)]
  return text
}

/** Another string close to a good one: a piece put in or at an end, a character gone, doubled, or of another kind. */
export function disturb(text: string, random: (below: number) => number): string {
  const at = random(text.length + 1)
  const piece = pieces[random(pieces.length)] ?? ''
  switch (random(7)) {
    case 0:
      return text.slice(0, at) + piece + text.slice(at)
    case 1:
      return text + piece
    case 2:
      return piece + text
    case 3:
      return text.slice(0, at) + text.slice(at + 1)
    case 4:
      return text.slice(0, at) + text.slice(Math.max(0, at - 1))
    case 5:
      return text.replace(/[0-9]/g, (digit) => (random(3) === 0 ? String(random(10)) : digit))
    default:
      return text.slice(0, at) + String.fromCharCode(0x20 + random(0x5f)) + text.slice(at + 1)
  }
}

/** Strings that a field's own pattern describes, at most `count` different ones. */
export function drawMatching(pattern: RegExp, maxLength: number, count: number, seed: number): string[] {
  // fast-check knows no look-ahead; what only that would refuse is sorted out below.
  const plain = new RegExp(pattern.source.replaceAll(/\(\?=[^)]*\)/g, ''))
  const drawn = fc.sample(fc.stringMatching(plain, { maxLength, size: '-1' }), { numRuns: count, seed })
  return [...new Set(drawn)].filter((text) => text.length <= maxLength && pattern.test(text))
}
