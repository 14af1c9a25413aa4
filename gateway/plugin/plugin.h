/* SPDX-License-Identifier: MIT */
/*
 * A relay plugin that was loaded: a shared object with a descriptor (plugins/relay.h). What is
 * wrong with one is found here, before anything of it but its constructors has run.
 *
 * Any thread may hold a reference; load and unref are for one thread at a time.
 */
#ifndef GATEWAY_PLUGIN_PLUGIN_H
#define GATEWAY_PLUGIN_PLUGIN_H

#include <stdatomic.h>

#include "common/settings.h"
#include "common/str.h"
#include "gateway/plugin/descriptor.h"

struct plugin {
	const struct relay_plugin *relay;
	void *handle;
	size_t setting_count, template_count, counter_count;
	uint64_t digest; /* of which file it was; another one after it was replaced */
	atomic_uint references;
};

/*
 * FOLDER/NAME.so, with a reference for the caller. NULL with a sentence in *problem: there is none,
 * it is not a file that only root or we may change, it is no plugin, or one of another ABI.
 */
struct plugin *plugin_load(const char *folder, struct span name, struct str *problem);

struct plugin *plugin_ref(struct plugin *p);
/* Accepts NULL. With the last one it is nobody's; its code stays in memory. */
void plugin_unref(struct plugin *p);

/*
 * The folder that plugins are in when nobody says another: beside the folder of the program when
 * that is there (a build that was not installed), else where they are installed. Appended.
 */
void plugin_default_folder(struct str *into);

/* The names of what may be plugins in the folder, in the order of the alphabet. Appended. */
void plugin_list(const char *folder, struct text_list *into);

#endif
