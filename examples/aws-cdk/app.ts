import { App } from 'aws-cdk-lib'
import { MeshStack } from './stack'

new MeshStack(new App(), 'mesh', { env: { region: 'eu-central-1' } })
