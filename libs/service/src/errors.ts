import { IbsError } from '@ib-stream/model'

export const SERVICE_ERROR_CODES = [
  'IBS_CONFIG_INVALID', // one or more settings break their rule; all of them are listed
  'IBS_SERVICE_PORT_TAKEN', // the health or API port is in use by another program
] as const
export type ServiceErrorCode = (typeof SERVICE_ERROR_CODES)[number]

export class ServiceError extends IbsError<ServiceErrorCode> {}
