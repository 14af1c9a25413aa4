/* SPDX-License-Identifier: MIT */
/*
 * What the demo knows about each host and service: when a result for it was published, what
 * Nagios made of it, and how long that took. Draws the live picture and writes plain lines.
 */
#ifndef CLI_DEMO_WATCH_H
#define CLI_DEMO_WATCH_H

#include "cli/demo_world.h"
#include "cli/nagios_log.h"
#include "common/clock.h"

enum { MAX_WATCH_ROWS = 16, MAX_WATCH_PENDING = 32, MAX_WATCH_NEWS = 6 };

struct watch_row {
	const struct demo_object *object;
	unsigned code;
	bool was_applied;
	struct str output;
	struct instant applied_at;
	struct duration took; /* negative: unknown */
	/* When those results were published that are not applied yet, oldest first. */
	struct instant pending[MAX_WATCH_PENDING];
	size_t pending_count;
};

/* Zeroed memory after watch_init(). */
struct watch {
	struct watch_row rows[MAX_WATCH_ROWS];
	size_t row_count;
	struct str news[MAX_WATCH_NEWS]; /* lines, oldest first */
	size_t news_count;
	bool plain; /* news is printed as it comes, and there is no picture */
	bool colour;
	uint64_t applied, rejected;
	struct duration *took; /* of each that is known, for the median */
	size_t took_count, took_capacity;
};

/* The frame around the table. All borrowed. */
struct watch_frame {
	unsigned columns, rows; /* of the terminal */
	uint16_t port;
	const char *folder;
	const char *belfry; /* how to call us */
};

void watch_init(struct watch *w, bool plain, bool colour);
void watch_finish(struct watch *w);

/* NULL when there is no such object. An empty service is the host itself. */
struct watch_row *watch_find(struct watch *w, struct span host, struct span service);

/* A message was published to `topic`, nagios/HOST[/SERVICE]. */
void watch_published(struct watch *w, struct span topic, struct instant when);

/* Nagios has applied a result, or does not know what it is about. */
void watch_applied(struct watch *w, const struct nagios_applied *applied, struct instant when);

/* The gateway has rejected a message; `payload` is what it says on belfry/reject/TOPIC. */
void watch_rejected(struct watch *w, struct span topic, struct span payload);

/* "UP", "CRITICAL", ...; for the code that Nagios was given. */
const char *watch_state_word(unsigned code, bool is_host);

/* The median of all that are known; negative when none is. */
struct duration watch_median(const struct watch *w);

/* The whole picture, each line ended by "erase to its end" and CR LF. */
void watch_draw(const struct watch *w, const struct watch_frame *frame, struct instant now,
		struct str *into);

/* The commands that somebody may type next. */
void watch_append_commands(const struct watch_frame *frame, const char *line_end, struct str *into);

#endif
