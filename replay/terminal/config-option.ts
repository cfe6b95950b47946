/** Help of `--config` where a database is named too. */
export const CONFIG_HELP = "cluster_config.json (default: found in or beside the database folder)";
