import { IbsError } from '@ib-stream/model'

export const CLI_ERROR_CODES = [
  'IBS_CLI_ALREADY_RUNNING', // another `up` works on the same DATA_DIR
  'IBS_CLI_NO_PORT', // no free port near the wanted one
  'IBS_CLI_NO_NATS_SERVER', // `up` was started without the set-up that finds nats-server
  'IBS_CLI_OPTION_INVALID', // options or arguments break their rules
  'IBS_CLI_NATS_AWAY', // no NATS answers at the address
  'IBS_CLI_NOTHING_RECORDED', // the folder holds no recording
  'IBS_CLI_CONTRACT_UNKNOWN', // no contract has the name
  'IBS_CLI_NOT_RUNNING', // no `up` runs on the recording
  'IBS_CLI_NO_ARCHIVE', // there are no Parquet files and no rows of them
  'IBS_CLI_NO_DUCKDB', // DuckDB could not be fetched
  'IBS_CLI_SQL_REFUSED', // DuckDB refused or could not do a statement
  'IBS_CLI_FILE_EXISTS', // a file that is to be made is there already
] as const
export type CliErrorCode = (typeof CLI_ERROR_CODES)[number]

export class CliError extends IbsError<CliErrorCode> {}
