/** The escaping helpers that templates may call, one for each sink. Known to the build as well as at run time. */
export const helperNames = [
  'unitText',
  'unitWord',
  'execArg',
  'unitName',
  'unitNumber',
  'sysusersField',
  'resolvedValue',
  'shellWord',
  'markdown',
  'markdownCode',
] as const

export type HelperName = (typeof helperNames)[number]
