/* SPDX-License-Identifier: MIT */
/*
 * A broker of our own, started with the settings that a script wants and kept for the next script
 * that wants the same.
 */
#ifndef TESTS_CONVERSATIONS_SERVER_H
#define TESTS_CONVERSATIONS_SERVER_H

#include <sys/types.h>

#include "common/str.h"

struct server {
	const char *binary; /* borrowed */
	pid_t pid;	    /* 0: it does not run */
	struct str config;  /* that it runs with */
	char log[32];	    /* file that holds what it says; empty when there is none */
	char port[8];	    /* of the loopback interface */
};

/* Have it run with these lines of mosquitto.conf. False with a sentence in *problem. */
bool server_run(struct server *s, struct span config, struct str *problem);

/* End it. False when it did not end well, and then *problem has what it said. */
bool server_stop(struct server *s, struct str *problem);

#endif
