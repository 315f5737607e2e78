/** Writes numbers of so many bits one behind the other, the lowest bit first, as deflate has it. */
export class BitWriter {
  readonly #bytes: number[] = []
  #pending = 0
  #count = 0

  write(value: number, bits: number): void {
    this.#pending |= value << this.#count
    this.#count += bits
    while (this.#count >= 8) {
      this.#bytes.push(this.#pending & 255)
      this.#pending >>>= 8
      this.#count -= 8
    }
  }

  /** Everything so far, filled up to a whole byte. */
  finish(): number[] {
    if (this.#count > 0) this.write(0, 8 - this.#count)
    return this.#bytes
  }
}
