/* SPDX-License-Identifier: MIT */
/*
 * The servers that a relay may deliver to, and which one is next.
 *
 * One is used until it fails; then the next one of the list, round and round. With `balance` each
 * batch goes to another one. A server that has failed rests for a while, longer each time: it is
 * tried again before that only when no other one is left.
 *
 * Pure but for the streams, which belong to whoever uses this. One thread at a time.
 */
#ifndef PLUGINS_LUMBERJACK_SERVERS_H
#define PLUGINS_LUMBERJACK_SERVERS_H

#include "common/backoff.h"
#include "common/url.h"
#include "plugins/relay.h"

enum { SERVERS_MOST = 64, SERVER_NAME = 300, LUMBERJACK_PORT = 5044 };

struct server {
	struct url where;
	char name[SERVER_NAME];	     /* as the operator knows it, port included */
	struct relay_stream *stream; /* NULL: not connected */
	struct backoff backoff;
	struct instant rests_until;
	bool tried; /* with this batch, in vain */
	bool told;  /* in the log, that it has failed */
};

struct servers {
	struct server list[SERVERS_MOST];
	size_t count;
	size_t current;
};

/*
 * From texts that each hold one HOST[:PORT] or several with blanks between. False with a sentence
 * in *problem; *ret is then empty.
 */
bool servers_parse(struct servers *ret, const struct relay_list *hosts, struct str *problem);

void servers_finish(struct servers *s);

/* A batch begins: none has been tried. */
void servers_begin(struct servers *s);

/* The one to try; NULL when all have been tried. */
struct server *servers_next(struct servers *s, struct instant now);

void servers_failed(struct servers *s, struct server *server, struct instant now);

/* It took the batch; with `balance` the next batch is for the next one. */
void servers_worked(struct servers *s, struct server *server, bool balance);

#endif
