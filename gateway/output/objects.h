/* SPDX-License-Identifier: MIT */
/*
 * The objects of a core, kept up to date with its object cache: a thread of its own looks at the
 * file once a second and reads it when it has changed, so that no worker waits for a hundred
 * megabytes.
 *
 *     file changes ──▶ it stays the same for a second ──▶ read, and whole ──▶ the new set counts
 *           └─────────────── meanwhile nothing is unknown ───────────────┘
 *
 * The core writes the file in place while it starts. So whenever the file is not the one that was
 * read, or cannot be looked at, every object counts as there, and the core decides. An object is
 * unknown only by a whole file that is the present one.
 */
#ifndef GATEWAY_OUTPUT_OBJECTS_H
#define GATEWAY_OUTPUT_OBJECTS_H

#include "common/settings.h"
#include "gateway/output/object_set.h"

struct objects;

/* The row of an output's table; `field` is a char * of its struct T. */
#define OBJECTS_SETTING(T, field)                                                                  \
	{                                                                                          \
		"objects", SETTING_TEXT, SETTING_FIELD(T, char *, field), 1, 4000, NULL, 0,        \
				"The core's object cache (object_cache_file in its "               \
				"configuration; "                                                  \
				"/var/lib/nagios4/objects.cache of Debian's nagios4). With it, "   \
				"results for hosts and services that the core does not have are "  \
				"rejected; without it the core alone knows, and writes it into "   \
				"its log.",                                                        \
				NULL                                                               \
	}

/* `output` is for the log. Both borrowed for the life of it. */
struct objects *objects_create(const char *output, const char *path);
/* Accepts NULL. */
void objects_destroy(struct objects *o);

/* Start the thread. Without it nothing changes but by objects_look(). */
void objects_start(struct objects *o);

/* What the thread does once a second. */
void objects_look(struct objects *o);

/* Has the core such an object? From any thread. */
enum object_presence objects_find(struct objects *o, struct span host, struct span service);

/* Another number whenever another file counts; 0: none yet. From any thread. */
uint64_t objects_generation(struct objects *o);

#endif
