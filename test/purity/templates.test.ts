import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { lintTemplate } from '../../scripts/templates.ts'

const test = suite('template lint')

const good = [
  '[Unit]\nDescription={{unitText name}}\n',
  '{{#if flag}}User={{unitName user}}\n{{/if}}',
  '{{#each list}}{{markdown this}} {{unitNumber port}}\n{{/each}}',
  '{{#unless flag}}x{{else}}{{execArg a.b}}{{/unless}}',
  '{{> steps}}\n',
  '{{! a comment }}{{!-- another --}}text',
]

for (const source of good) test(`takes ${source}`, () => assert.equal(lintTemplate(source), []))

const bad = [
  ['a slot with data of its own', '{{> steps a}}', /partials/],
  ['a slot with a value', '{{> steps a=b}}', /partials/],
  ['a bare mustache', 'User={{user}}', /1:6 .*not a call to an escaping helper/],
  ['a bare path', '{{a.b}}', /not a call to an escaping helper/],
  ['a bare this', '{{#each list}}{{this}}{{/each}}', /not a call to an escaping helper/],
  ['a helper without a value', '{{unitText}}', /takes one value/],
  ['a helper with two values', '{{unitText a b}}', /takes one value/],
  ['a helper with a named value', '{{unitText a k=b}}', /takes one value/],
  ['triple braces', '{{{user}}}', /triple braces/],
  ['triple braces around a helper', '{{{unitText user}}}', /triple braces/],
  ['an ampersand', '{{&unitText user}}', /triple braces/],
  ['a look-up', '{{lookup a b}}', /not a call to an escaping helper/],
  ['a partial', '{{> other}}', /partials/],
  ['a dynamic partial', '{{> (lookup . "x")}}', /partials/],
  ['a block partial', '{{#> other}}x{{/other}}', /partials/],
  ['an inline partial', '{{#*inline "x"}}{{user}}{{/inline}}', /decorators/],
  ['an unknown block', '{{#with a}}x{{/with}}', /block with/],
  ['a block of a helper', '{{#unitText a}}x{{/unitText}}', /block unitText/],
  ['a mustache deep inside', '{{#if a}}{{#each b}}\n  {{c}}{{/each}}{{/if}}', /2:3 /],
  ['a mustache in an else', '{{#if a}}x{{else}}{{c}}{{/if}}', /not a call to an escaping helper/],
] as const

for (const [what, source, message] of bad) {
  test(`refuses ${what}`, () => assert.match(lintTemplate(source).join('\n'), message))
}

test('every template passes', () => {
  const names = readdirSync('templates', { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.hbs'),
  )
  assert.ok(names.length > 10)
  for (const name of names)
    assert.equal(lintTemplate(readFileSync(join('templates', name), 'utf8')), [], name)
})

test.run()
