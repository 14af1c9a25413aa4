/* SPDX-License-Identifier: MIT */
/*
 * Where `persistence true` keeps its store, and when it writes.
 */
#include "broker/config_tables.h"
#include "common/mem.h"
#include "common/settings_value.h"

static const struct setting interval_row = { "persistence_sync", SETTING_DURATION, 0, 1, 3600, NULL,
	0, NULL, NULL };

static void check_sync(struct config *config, struct settings_report *report)
{
	struct span text = span_of_text(config->persistence_sync);
	struct str problem = { 0 };

	config->store_interval = 0;
	if (!span_equal_text(text, "commit") &&
			!setting_parse(&interval_row, &config->store_interval, text, &problem)) {
		str_append_text(&problem, "; or write: persistence_sync commit");
		config_keyword_error(report, config_global_settings, &config->lines,
				"persistence_sync", str_text(&problem));
	}
	str_finish(&problem);
}

void config_check_store(struct config *config, struct settings_report *report)
{
	check_sync(config, report);
	if (strchr(config->persistence_file, '/') != NULL)
		config_keyword_error(report, config_global_settings, &config->lines,
				"persistence_file",
				"is a name, not a path; the folder is persistence_location");
}

char *config_store_folder(const struct config *config)
{
	const char *location = config->persistence_location;
	struct span name = span_of_text(config->persistence_file);
	static const struct span suffix = SPAN(".db");
	struct str folder = { 0 };

	if (location != NULL && location[0] != '\0')
		str_append_text(&folder, location);
	else
		str_append_text(&folder, ".");
	if (folder.text[folder.len - 1] != '/')
		str_append_byte(&folder, '/');
	if (name.len > suffix.len && span_equal(span_from(name, name.len - suffix.len), suffix))
		name.len -= suffix.len;
	str_append(&folder, name);
	str_append_text(&folder, ".store");
	return str_take(&folder);
}
