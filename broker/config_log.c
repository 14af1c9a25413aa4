/* SPDX-License-Identifier: MIT */
#include "broker/config_tables.h"

struct log_config config_log(const struct config *config)
{
	struct log_config log = { .program = "belfry-broker",
		.format = (enum log_format)config->log_format,
		.timestamps = config->log_timestamp,
		.timestamp_format = config->log_timestamp_format,
		.facility = settings_line_of(config_global_settings, &config->lines,
					    "log_facility") > 0
					    ? (int)config->log_facility
					    : -1 };

	log.types = config->log_types != 0 ? config->log_types : LOG_TYPES_DEFAULT;
	if (config->verbose)
		log.types = LOG_TYPES_ALL;
	if (log.types & LOG_TYPE_NONE)
		log.types = 0;
	if (config->log_dest.count == 0)
		log.destinations = config->daemon ? LOG_TO_SYSLOG : LOG_TO_STDERR;
	for (size_t i = 0; i < config->log_dest.count; i++)
		log_config_add(&log, config->log_dest.texts[i]);
	return log;
}

void config_check_log(const struct config *config, struct settings_report *report)
{
	struct log_config log = { 0 };

	for (size_t i = 0; i < config->log_dest.count; i++) {
		const char *wrong = log_config_add(&log, config->log_dest.texts[i]);

		if (wrong != NULL)
			config_keyword_error(report, config_global_settings, &config->lines,
					"log_dest", wrong);
	}
}
