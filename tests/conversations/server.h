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
	bool is_durable;    /* with `persistence true`, and a new store each time */
	pid_t pid;	    /* 0: it does not run */
	struct str config;  /* that it runs with */
	/* Names of files, empty when there is none: what it says, its configuration, its rules. */
	char log[32], config_file[32], acl_file[32], store[32];
	char port[8]; /* of the loopback interface */
};

/*
 * Have it run with these lines of mosquitto.conf, and unless acl.data is NULL with an acl_file that
 * holds that: then it is always a new one. False with a sentence in *problem.
 */
bool server_run(struct server *s, struct span config, struct span acl, struct str *problem);

/* Put this into its acl_file, and have it reload. False with a sentence in *problem. */
bool server_reload_acl(struct server *s, struct span acl, struct str *problem);

/* End it. False when it did not end well, and then *problem has what it said. */
bool server_stop(struct server *s, struct str *problem);

#endif
