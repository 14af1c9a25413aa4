/* SPDX-License-Identifier: MIT */
/*
 * A plugin's settings in the terms of common/settings.h. The configuration is read into slots, one
 * for each row of the plugin's table and large enough for any kind; when an instance begins, its
 * own struct of settings is made from them, secrets read from their files.
 */
#ifndef GATEWAY_PLUGIN_PLUGIN_SETTINGS_H
#define GATEWAY_PLUGIN_PLUGIN_SETTINGS_H

#include "common/settings.h"
#include "gateway/plugin/plugin.h"

union plugin_slot {
	bool flag;
	uint64_t number;
	char *text;
	int choice;
	struct text_list list;
};

/* The plugin's rows, for slots that begin at `offset` of a struct; setting_count of them. */
void plugin_settings_rows(const struct plugin *p, size_t offset, struct setting *rows);

struct plugin_config;

/*
 * The plugin's own struct, made from slots, which are borrowed for its life. NULL with a sentence
 * in *problem when a file with a secret cannot be read.
 */
struct plugin_config *plugin_config_create(
		const struct plugin *p, const union plugin_slot *slots, struct str *problem);
/* Wipes the secrets. Accepts NULL. */
void plugin_config_destroy(struct plugin_config *c);

/* Mix the files that rows of kind RELAY_SECRET name into *digest, as secret_digest(). */
void plugin_settings_digest(
		const struct plugin *p, const union plugin_slot *slots, uint64_t *digest);

/* What open() and check() are given. */
const void *plugin_config_struct(const struct plugin_config *c);

/* Is a row that has to be set not set? Its plugin is not to see that. */
bool plugin_settings_lack(const struct plugin *p, const union plugin_slot *slots,
		const struct settings_lines *lines);

/* What the N-th row of kind RELAY_TEMPLATE says; NULL: it was not given. */
const char *plugin_settings_template(const struct plugin *p, const union plugin_slot *slots,
		size_t n, const char **ret_name);

#endif
