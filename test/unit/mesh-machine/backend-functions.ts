/** What backend.sh asks of a backend, in its order. */
export const backendFunctions: readonly string[] = [
  'tables',
  'file',
  'inbound',
  'switch_off',
  'list',
  'is_first',
  'prepare',
  'compose',
  'loader',
  'unload',
]
