import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from '../../../lib/index.ts'
import { findPlaces, type Place, placePath, putText } from '../../property/places.ts'
import { exampleText } from '../../unit/plan/document.ts'
import { createRandom, disturb, drawHostile, drawMatching } from '../support/hostile.ts'
import { nameOf, objectsOf, tryManifests } from './manifests.ts'
import { judgeFor } from './schemas.ts'

/** The document that has something for each of the cluster's files. */
const carrier = parse(exampleText('fleet')).value as object
/** What a cluster hears of. */
const heard =
  /^\/(mesh\/(linkerdVersion|cluster|identity|control|machineN)|machines|groups|services|policies|migration|readiness)/
const seed = Number(process.env.MESHJOIN_SEED ?? 20_261)
const perPlace = process.env.MESHJOIN_LONG === undefined ? 12 : 400

const test = suite('whatever a field holds, the objects fit their schemas')
const places = findPlaces().filter((place) => heard.test(placePath(place)))

/** Some that the place's pattern describes, some close to one, some from nowhere. */
function draw({ pattern, example }: Place, placeSeed: number): string[] {
  const random = createRandom(placeSeed)
  const good = [example, ...drawMatching(pattern, 128, Math.ceil(perPlace / 2), placeSeed)]
  const bad = Array.from({ length: perPlace - good.length }, (_, index) =>
    index % 2 === 0 ? disturb(good[index] ?? example, random) : drawHostile(random),
  )
  return [...good, ...bad]
}

test(`text anywhere is refused or makes objects that the closed schemas take (seed ${seed})`, () => {
  let taken = 0
  for (const [index, place] of places.entries()) {
    for (const text of draw(place, seed + index)) {
      const { document, path } = putText(carrier, place, text)
      const manifests = tryManifests(path, document)
      if (manifests === undefined) continue
      const judge = judgeFor(manifests.linkerdVersion)
      for (const object of objectsOf(manifests))
        assert.is(judge(object), undefined, `${path} = ${JSON.stringify(text)}: ${nameOf(object)}`)
      taken++
    }
  }
  assert.ok(places.length > 80, `${places.length} places`)
  assert.ok(taken > 200, `only ${taken} documents were taken`)
})

test.run()
