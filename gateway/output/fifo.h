/* SPDX-License-Identifier: MIT */
/*
 * The command pipe of a monitoring core, opened so that nothing else can be written to.
 *
 * Never created: a writer that creates a missing pipe makes a regular file, and the core then
 * starts without any. Never followed through a symbolic link, never waited for: without a reader
 * the open fails at once. Its owner must be root, the gateway's own user or the owner of the
 * folder it is in.
 *
 * What is wrong is said in the log once, when it changes, and "works again" when it does.
 */
#ifndef GATEWAY_OUTPUT_FIFO_H
#define GATEWAY_OUTPUT_FIFO_H

#include <sys/types.h>

#include "common/span.h"

struct fifo {
	const char *output; /* its name, for the log; borrowed */
	const char *path;   /* borrowed */
	int fd;		    /* -1: not open */
	dev_t device;
	ino_t inode;
	uid_t owner;	     /* the core's user: it made the pipe */
	const char *problem; /* a literal; NULL: none */
	bool was_open;
};

void fifo_init(struct fifo *f, const char *output, const char *path);
void fifo_finish(struct fifo *f);

/* Open it unless it is open. False while there is a problem. */
bool fifo_open(struct fifo *f);

/* Is the open pipe still the one at the path? Closes it otherwise. */
bool fifo_is_current(struct fifo *f);

/*
 * Write all of `bytes`, at most PIPE_BUF of them, or nothing. 0, -EAGAIN while it is full, or
 * -errno after the pipe was closed because nobody reads it any more.
 */
int fifo_write(struct fifo *f, struct span bytes);

/* It has been full for long: say that the core does not read it. The next write that works ends
 * that. */
void fifo_stuck(struct fifo *f);

/* The reader is gone, as poll() said. */
void fifo_lost(struct fifo *f);

#endif
