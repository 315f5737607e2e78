/** The JSON Schema (draft-07) of the input document, as a module of its own: most programs do not need it. */
export { schema } from './generated/schema.ts'
