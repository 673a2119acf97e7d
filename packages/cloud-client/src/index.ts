// The pipeline in the cloud, and the link that keeps both together

export { type CloudPipeline, type CloudPipelineOptions, cloudPipeline, type TooOld } from './cloud-pipeline.ts'
export { type CloudLink, type CloudLinkOptions, cloudLink } from './cloud-link.ts'
export type { CloudEvent, CloudState } from './connection.ts'
