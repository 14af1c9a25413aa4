/* SPDX-License-Identifier: MIT */
/*
 * Confirmed delivery: a batch in a file that the core is told of, and removes.
 */
#include <inttypes.h>

#include "common/log.h"
#include "gateway/output/command_file_impl.h"

enum {
	LOOK_MS = 500, /* whether the file is gone, should the watch have missed it */
	REPEAT_MOST_MS = 30000,
	PATIENCE_MS = 5000, /* with a batch that is not taken, before that is said */
};

bool command_file_write_file(struct command_file *c, struct instant now)
{
	static const char problem[] = "no batch file can be written there";
	int r;

	if (!instant_reached(c->retry_at, now))
		return false;
	r = batch_folder_write(&c->folder, str_span(&c->name), str_span(&c->batch->text));
	batch_folder_say(&c->folder, r < 0 ? problem : NULL, r);
	if (r < 0) {
		/*
		 * Anew, if it was removed meanwhile; and the watch has seen our own removal of what
		 * was written in part, which must not count as the core's.
		 */
		batch_folder_finish(&c->folder);
		c->may_confirm = false;
		c->retry_at = instant_after(now, milliseconds(COMMAND_FILE_RETRY_MS));
	} else {
		c->step = STEP_ISSUE;
	}
	return r == 0;
}

/*
 * Written before the core is told of the file, so that a run that is killed finds it again, and
 * after, so that only a file the core knows of counts as applied when it is gone.
 */
static bool record_issue(struct command_file *c, bool is_named)
{
	struct progress p = { .confirmed = c->first - 1,
		.issued_first = c->first,
		.issued_last = c->last,
		.place = batch_folder_place(&c->folder),
		.is_named = is_named };
	int r = progress_store(c->env.progress, &p);

	if (r < 0)
		log_error_errno(r, "output \"%s\": its progress file cannot be written",
				c->config->output.name);
	return r == 0;
}

static void schedule_repeat(struct command_file *c, struct instant now)
{
	int64_t next = c->repeat.ns * 2, most = milliseconds(REPEAT_MOST_MS).ns;

	c->repeat_at = instant_after(now, c->repeat);
	c->repeat = nanoseconds(next < most ? next : most);
	c->look_at = instant_after(now, milliseconds(LOOK_MS));
}

/* Is the core whose pipe this is able to confirm? */
static bool check_rights(struct command_file *c, struct instant now)
{
	static const char problem[] =
			"is a folder from which the core may not remove files, so that it could "
			"not confirm; make it writable for the core's user, or take delivery pipe";

	if (!c->may_confirm)
		c->may_confirm = batch_folder_lets_remove(&c->folder, c->fifo.owner);
	if (c->may_confirm) {
		batch_folder_say(&c->folder, NULL, 0);
		return true;
	}
	batch_folder_say(&c->folder, problem, 0);
	c->retry_at = instant_after(now, milliseconds(COMMAND_FILE_RETRY_MS));
	return false;
}

/* The folder is not the one the file was put into. */
static void begin_again(struct command_file *c)
{
	c->may_confirm = false;
	if (batch_folder_open(&c->folder) == 0)
		c->step = c->batch != NULL ? STEP_WRITE_FILE : STEP_LOST;
}

/* The file is gone, and the core was never told of it: somebody else tidied up. */
static bool write_again(struct command_file *c)
{
	log_warn("output \"%s\": %s/%s was removed before the core was told of it; nothing but the "
		 "core may remove files there",
			c->config->output.name, c->config->batch_dir, str_text(&c->name));
	c->recorded = false;
	begin_again(c);
	return c->step != STEP_ISSUE;
}

bool command_file_issue(struct command_file *c, struct instant now)
{
	struct str command = { 0 };
	int r;

	if (c->recorded && batch_folder_has(&c->folder, str_span(&c->name)) == 0) {
		if (!c->named)
			return write_again(c);
		c->look_at = now; /* taken after all, while the pipe had to be waited for */
		c->step = STEP_CONFIRM;
		return true;
	}
	c->recorded = c->recorded || record_issue(c, false);
	if (!c->recorded) {
		c->retry_at = instant_after(now, milliseconds(COMMAND_FILE_RETRY_MS));
		return false;
	}
	fifo_is_current(&c->fifo);
	if (!command_file_keep_open(c, now) || !check_rights(c, now))
		return false;
	str_printf(&command, "[%" PRId64 "] PROCESS_FILE;%s/%s;1\n",
			wall_time_seconds(wall_time_now()), c->config->batch_dir,
			str_text(&c->name));
	r = command_file_write(c, str_span(&command), now);
	str_finish(&command);
	if (r < 0) {
		if (!c->full)
			c->retry_at = instant_after(now, milliseconds(COMMAND_FILE_RETRY_MS));
		return false;
	}
	c->named = c->named || record_issue(c, true);
	schedule_repeat(c, now);
	c->step = STEP_CONFIRM;
	return true;
}

static void repeat_command(struct command_file *c)
{
	count_up(&c->env.counters->reissued, 1);
	c->step = STEP_ISSUE;
}

bool command_file_confirm(struct command_file *c, struct instant now)
{
	int there;

	if (batch_folder_saw_removal(&c->folder, str_span(&c->name)))
		return true;
	if (instant_reached(c->look_at, now)) {
		c->look_at = instant_after(now, milliseconds(LOOK_MS));
		there = batch_folder_has(&c->folder, str_span(&c->name));
		if (there == 0)
			return true;
		if (there < 0) {
			begin_again(c);
			return false;
		}
		fifo_is_current(&c->fifo);
	}
	if (c->fifo.fd < 0) {
		repeat_command(c);
	} else if (instant_reached(c->repeat_at, now)) {
		if (c->repeat.ns > milliseconds(PATIENCE_MS).ns)
			log_warn("output \"%s\": the core has not taken %s/%s yet, telling it "
				 "again; it must be able to read and to remove that file",
					c->config->output.name, c->config->batch_dir,
					str_text(&c->name));
		repeat_command(c);
	}
	return false;
}
