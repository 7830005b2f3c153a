import { IbsError } from '@ib-stream/model'

export const CLI_ERROR_CODES = [
  'IBS_CLI_ALREADY_RUNNING', // another `up` works on the same DATA_DIR
  'IBS_CLI_NO_PORT', // no free port near the wanted one
  'IBS_CLI_NO_NATS_SERVER', // `up` was started without the set-up that finds nats-server
  'IBS_CLI_SERVER_AWAY', // nothing answers at the address
  'IBS_CLI_ANSWER_UNREADABLE', // something answers, but it is no ib-stream
  'IBS_CLI_OPTION_INVALID', // an option of a verb breaks its rule
  'IBS_CLI_NATS_AWAY', // no NATS answers at the address
  'IBS_CLI_NOTHING_RECORDED', // the folder holds no recording
] as const
export type CliErrorCode = (typeof CLI_ERROR_CODES)[number]

export class CliError extends IbsError<CliErrorCode> {}
