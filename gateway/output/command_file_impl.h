/* SPDX-License-Identifier: MIT */
/*
 * A command pipe's inside: what its life (command_file.c) and its confirmed delivery
 * (command_file_confirmed.c) share. One thread, that of its output.
 */
#ifndef GATEWAY_OUTPUT_COMMAND_FILE_IMPL_H
#define GATEWAY_OUTPUT_COMMAND_FILE_IMPL_H

#include "gateway/output/batch_file.h"
#include "gateway/output/command_file.h"
#include "gateway/output/fifo.h"
#include "gateway/output/replay.h"

enum {
	COMMAND_FILE_RETRY_MS = 200, /* a missing pipe or folder is looked for this often */
	/*
	 * A core that was killed leaves a worker behind that reads the pipe for up to half a second
	 * more, and eats the command. Nothing shows it, so the command is given again soon, and
	 * then at ever longer intervals: to a core that is merely busy it costs a line in its log.
	 */
	COMMAND_FILE_REPEAT_MS = 600,
};

enum step { STEP_IDLE, STEP_WRITE_FILE, STEP_ISSUE, STEP_CONFIRM, STEP_PIPE, STEP_LOST };

struct command_file {
	struct sink sink;
	const struct command_file_config *config;
	struct sink_env env;
	struct fifo fifo;
	struct batch_folder folder;
	struct core_choice core;
	bool was_open; /* the pipe had a reader when it was last looked at */
	struct replay replay;
	struct wall_time rewind_to;
	struct objects *objects; /* NULL: not known */
	enum step step;
	const struct batch *batch; /* borrowed from submit() to done; NULL after a resume */
	uint64_t first, last;	   /* of the batch that is out */
	struct str name;	   /* its file */
	size_t written;		   /* STEP_PIPE: bytes of the batch's text */
	bool full;		   /* the pipe was, at the last write */
	struct instant full_since;
	bool recorded;	  /* progress says where the batch is */
	bool named;	  /* the core was told of it */
	bool may_confirm; /* this core may remove files from this folder */
	struct instant retry_at;
	struct instant look_at;
	struct instant repeat_at;
	struct duration repeat;
};

/*
 * Keep the pipe open, batch or not, so that the operator hears of a core that is away. False while
 * it is not, and when something else has to come before the next command.
 */
bool command_file_keep_open(struct command_file *c, struct instant now);

/* fifo_write(), and the watch over how long the pipe stays full. */
int command_file_write(struct command_file *c, struct span bytes, struct instant now);

/* STEP_WRITE_FILE. False when it cannot be written now. */
bool command_file_write_file(struct command_file *c, struct instant now);

/* STEP_ISSUE: give the command. False when the pipe has to be waited for. */
bool command_file_issue(struct command_file *c, struct instant now);

/* STEP_CONFIRM. True when the core has removed the file. */
bool command_file_confirm(struct command_file *c, struct instant now);

#endif
