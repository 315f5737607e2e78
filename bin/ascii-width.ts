/**
 * Stands in for `string-width` in the bundle of the command line. yargs measures help texts with it, ours are ASCII, and
 * compiling its emoji patterns takes half of the start-up time.
 */
export default function measureWidth(text: string): number {
  return text.length
}
