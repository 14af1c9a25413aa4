/* SPDX-License-Identifier: MIT */
/*
 * One window of the Lumberjack protocol, version 2, as bytes.
 *
 *     '2' 'W'  count                   so many events follow, and one acknowledgement is due
 *     '2' 'J'  sequence  length  JSON  an event; the first of a window has the sequence 1
 *     '2' 'C'  length  zlib            further frames, compressed
 *
 * Numbers have 32 bits, big-endian. With compression a window is W and one C frame that holds all
 * of its events. Logstash's beats input takes the sequence of an event for its place in the window,
 * so it starts anew with each.
 *
 * To each event a member can be added at its end, `"@metadata":{...}`: readers take the last one of
 * two members of the same name, so a document that a publisher wrote cannot bring its own.
 *
 * Pure. One thread at a time.
 */
#ifndef PLUGINS_LUMBERJACK_WINDOW_H
#define PLUGINS_LUMBERJACK_WINDOW_H

#include "common/str.h"
#include "plugins/deflate.h"

enum {
	/* Of a window's frames, uncompressed: a further event does not begin behind it. */
	WINDOW_BYTES = 8 * 1024 * 1024,
};

/* Zeroed memory is not valid: window_init(). */
struct window {
	uint32_t count; /* events in it */
	struct str frames;
	struct str packed;
	struct deflater *deflater; /* NULL: without compression */
};

/* `level` is zlib's, 1 to 9; 0: no compression. */
void window_init(struct window *w, int level);
void window_finish(struct window *w);

/* Forget what is in it. */
void window_clear(struct window *w);

/*
 * Add an event: `object` is one JSON object with no blanks around it, `member` goes into it at its
 * end; empty: nothing does.
 */
void window_add(struct window *w, struct span object, struct span member);

static inline bool window_is_full(const struct window *w, uint64_t most)
{
	return w->count >= most || w->frames.len >= WINDOW_BYTES;
}

/* All of it, to be sent; valid until the next change. The window has at least one event. */
struct span window_bytes(struct window *w);

#endif
