/* SPDX-License-Identifier: MIT */
/*
 * The addresses of a host by its name, without holding up the thread that asks: a name server
 * that is silent takes minutes. A numeric address is known at once; a name is looked up by a thread
 * of its own, which ends by itself even when nobody waits for it any more.
 */
#ifndef COMMON_RESOLVE_H
#define COMMON_RESOLVE_H

#include <sys/socket.h>

#include "common/base.h"

enum { RESOLVE_MAX_ADDRESSES = 16 };

struct resolve;

/* Ask. Never NULL; resolve_end() when it is of no more use. */
struct resolve *resolve_start(const char *host, uint16_t port);

/* At any time, known or not. Accepts NULL. */
void resolve_end(struct resolve *r);

/* Readable (poll) from when it is over. */
int resolve_fd(const struct resolve *r);
bool resolve_is_over(const struct resolve *r);

/*
 * Once it is over: how many addresses there are, borrowed until resolve_end(). None: *ret_problem
 * says why, for the end of a line of the log.
 */
size_t resolve_addresses(const struct resolve *r, const struct sockaddr_storage **ret,
		const char **ret_problem);

#endif
