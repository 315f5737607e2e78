import * as assert from 'uvu/assert'
import { type Artifact, type GenerateOptions, generate } from '../../../lib/index.ts'
import { type EditableDocument, firstMachine, minimalWith } from '../plan/document.ts'

export function made(document: string | object, options?: GenerateOptions): readonly Artifact[] {
  const result = generate(document, options)
  assert.ok(result.ok, JSON.stringify(result.diagnostics))
  return result.value ?? []
}

export function userData(cloudInit: EditableDocument['cloudInit']): string | Uint8Array {
  const artifacts = made(
    minimalWith((document) => {
      if (cloudInit !== undefined) document.cloudInit = cloudInit
    }),
    { targets: ['cloud-init'] },
  )
  const found = artifacts.find(({ path }) => path === 'cloud-init/legacy-app/user-data')
  if (found === undefined) throw new Error('no user-data')
  return found.content
}

/** Several machines, whose names sort in another way than their folders. */
export function fleet(names: readonly string[]): EditableDocument {
  return minimalWith((document) => {
    const machine = firstMachine(document)
    document.machines = names.map((name, index) => ({
      ...machine,
      name,
      addresses: [`203.0.113.${index + 1}`],
    }))
  })
}
