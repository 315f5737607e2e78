/** A secret of the document. What holds it may be printed: its text is nowhere but where somebody asks for it. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** For the one file that it becomes. */
  reveal(): string {
    return this.#text
  }

  toJSON(): string {
    return '(secret)'
  }
}
