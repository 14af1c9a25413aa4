/* SPDX-License-Identifier: MIT */
/*
 * The monitoring cores that read a command pipe, and which of them one belongs to.
 */
#ifndef GATEWAY_OUTPUT_CORE_H
#define GATEWAY_OUTPUT_CORE_H

#include <sys/types.h>

#include "gateway/result/encode.h"
#include "gateway/result/encode_command.h"

enum core { CORE_AUTO, CORE_NAGIOS, CORE_NAEMON, CORE_ICINGA, CORE_COUNT };

struct core_info {
	const char *name;
	encode_result *encode;
	encode_command *encode_command;
	/*
	 * It may forget what it took this many seconds before it went away. Nagios has applied what
	 * it has confirmed; Icinga writes its state down before it stops to take results.
	 */
	unsigned forgets;
};

/* Of CORE_AUTO: what holds until something tells, that is Nagios. */
const struct core_info *core_info(enum core core);

/* What tells which core a pipe belongs to. */
struct core_evidence {
	enum core core;	  /* CORE_AUTO: nothing tells */
	const char *what; /* completes "because of ..." */
};

/*
 * By the name of the pipe, else of a folder on the way to it. A pipe of Icinga 2 is called
 * icinga2.cmd, Naemon's naemon.cmd, that of Nagios nagios.cmd, all where nobody has changed it.
 */
struct core_evidence core_of_path(const char *path);

/* By the user whose pipe it is. Debian's Icinga runs as nagios, so that name tells nothing. */
struct core_evidence core_of_owner(uid_t owner);

/*
 * Which core an output's pipe belongs to: what the operator says, else what is found out, which is
 * said in the log once.
 */
struct core_choice {
	const char *output; /* its name, for the log; borrowed */
	const char *path;   /* of the pipe; borrowed */
	enum core core;
	bool is_final; /* else the pipe's owner may still tell */
};

void core_choice_init(
		struct core_choice *c, const char *output, const char *path, enum core configured);

/* The pipe is open. True when it is another core than was thought until now. */
bool core_choice_opened(struct core_choice *c, uid_t owner);

#endif
