/* SPDX-License-Identifier: MIT */
/*
 * Plugins that a test builds from sample.c, in a folder of its own.
 */
#ifndef TESTS_UNIT_GATEWAY_PLUGIN_PLUGIN_RIG_H
#define TESTS_UNIT_GATEWAY_PLUGIN_PLUGIN_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/str.h"
#include "plugins/relay.h"

/* The struct of settings of sample.c. */
struct sample_config {
	bool flag;
	uint64_t number, size, duration;
	const char *text;
	struct relay_list list;
	int choice;
	const char *secret, *template, *other_template;
};

struct plugin_rig {
	char folder[32];
	struct str problem;
};

static inline void run(const char *command)
{
	assert_int_equal(system(command), 0);
}

static inline int rig_setup(void **state)
{
	struct plugin_rig *rig = calloc(1, sizeof(*rig));

	strcpy(rig->folder, "/tmp/belfry-plugin.XXXXXX");
	assert_non_null(mkdtemp(rig->folder));
	*state = rig;
	return 0;
}

static inline int rig_teardown(void **state)
{
	struct plugin_rig *rig = *state;
	struct str command = { 0 };

	str_printf(&command, "rm -r %s", rig->folder);
	run(str_text(&command));
	str_finish(&command);
	str_finish(&rig->problem);
	free(rig);
	return 0;
}

/* FOLDER/NAME.so, anew. `how` are further options of the compiler. */
static inline void rig_build(const struct plugin_rig *rig, const char *name, const char *how)
{
	struct str command = { 0 };

	str_printf(&command,
			"cc -shared -fPIC -O0 -w -I. %s -o %s/made "
			"tests/unit/gateway/plugin/sample.c && mv %s/made %s/%s.so",
			how, rig->folder, rig->folder, rig->folder, name);
	run(str_text(&command));
	str_finish(&command);
}

/* The path of a file in the folder; valid until the next call. */
static inline const char *rig_path(const struct plugin_rig *rig, const char *file)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", rig->folder, file);
	return path;
}

/* A file in the folder. */
static inline void rig_write(
		const struct plugin_rig *rig, const char *file, const char *text, mode_t mode)
{
	FILE *f = fopen(rig_path(rig, file), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(rig_path(rig, file), mode);
}

#endif
