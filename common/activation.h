/* SPDX-License-Identifier: MIT */
/*
 * Sockets that systemd has opened already and passes on (sd_listen_fds(3)): descriptors from 3 on,
 * as many as LISTEN_FDS says, for the process LISTEN_PID, named by LISTEN_FDNAMES.
 *
 * Who wants to listen somewhere asks here first, by the place and not by a name: so one
 * configuration works with and without a socket unit.
 */
#ifndef COMMON_ACTIVATION_H
#define COMMON_ACTIVATION_H

#include "common/net.h"
#include "common/str.h"

struct activation {
	int *fds; /* -1: taken */
	char **names;
	size_t count;
};

/*
 * What was passed to this process. To be called once, before it forks; the environment is cleared,
 * so that no child believes they were meant for it. The sockets become non-blocking and closed on
 * exec.
 */
void activation_init(struct activation *a);

/* Closes what nobody took. */
void activation_finish(struct activation *a);

/*
 * A socket that listens at `place`, which is the caller's from now on; -1 when there is none (any
 * more). A place without host and interface stands for every address of its port.
 */
int activation_take(struct activation *a, const struct net_place *place);

/* The same for the Unix socket `path`. */
int activation_take_unix(struct activation *a, const char *path);

/* How many nobody took; each is described in `text`, separated by commas. */
size_t activation_left(const struct activation *a, struct str *text);

#endif
