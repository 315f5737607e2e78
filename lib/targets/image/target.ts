import { emitOperatorDocs } from '../shared/operator-docs.ts'
import type { Target } from '../shared/target.ts'
import { emitImageLayer, listImageLayers } from './layers.ts'

/**
 * `image/<layer>/…`: for each mesh layer its files below the paths where they belong, what prepares a system to become an image,
 * and what seals it. Who a machine is comes at its boot, by the user-data of the target cloud-init.
 */
export const imageTarget: Target = {
  name: 'image',
  purpose: 'what goes into an image that machines boot from',
  placesMachineFiles: true,
  check: () => {},
  emitShared: (config, machines) => {
    const layers = listImageLayers(config, machines)
    const own = {
      layer: layers[0]?.name ?? '',
      layers: layers.map(({ name, users }) => ({
        name,
        users: layers.length === 1 ? 'every machine' : users.join(', '),
      })),
      isBaked: config.cloudInit.meshLayer.from === 'baked',
    }
    const docs = emitOperatorDocs('image', config, machines, own)
    return [...docs, ...layers.flatMap(emitImageLayer)].sort((a, b) => (a.path < b.path ? -1 : 1))
  },
}
