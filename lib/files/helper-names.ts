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

/** Places in a template that another template fills, chosen when it is rendered. The build checks either of them alike. */
export const slotNames = ['steps'] as const

export type SlotName = (typeof slotNames)[number]
