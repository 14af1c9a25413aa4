/* SPDX-License-Identifier: MIT */
#include "gateway/output/command_file.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "common/log.h"
#include "common/mem.h"
#include "gateway/output/batch_file.h"
#include "gateway/output/fifo.h"
#include "gateway/output/replay.h"
#include "gateway/result/encode.h"

enum {
	RETRY_MS = 200, /* a missing pipe or folder is looked for this often */
	LOOK_MS = 500,	/* whether the file is gone, should the watch have missed it */
	/*
	 * A core that was killed leaves a worker behind that reads the pipe for up to half a second
	 * more, and eats the command. Nothing shows it, so the command is given again soon, and
	 * then at ever longer intervals: to a core that is merely busy it costs a line in its log.
	 */
	REPEAT_FIRST_MS = 600,
	REPEAT_MOST_MS = 30000,
	PATIENCE_MS = 5000, /* with a batch that is not taken, before that is said */
	STUCK_MS = 1000,    /* with a pipe that stays full, before that is said */
};

#define O(type, field) SETTING_FIELD(struct command_file_config, type, field)

static const struct setting_choice core_words[] = {
	{ "auto", CORE_AUTO },
	{ "nagios", CORE_NAGIOS },
	{ "naemon", CORE_NAEMON },
	{ "icinga", CORE_ICINGA },
	{ NULL, 0 },
};
static const struct setting_choice deliveries[] = {
	{ "confirmed", DELIVERY_CONFIRMED },
	{ "pipe", DELIVERY_PIPE },
	{ NULL, 0 },
};

/* clang-format off */
static const struct setting settings[] = {
{ "path",          SETTING_TEXT,   O(char *, path),             1, 4000,      NULL, SETTING_REQUIRED,
  "The core's command pipe (command_file in nagios.cfg).", NULL },
{ "core",          SETTING_CHOICE, O(int, core),                0, 0,         "auto", 0,
  "Whose pipe it is: nagios, naemon or icinga, which read texts and times differently. auto: by the names of pipe, folder and owner, else nagios; the log says which.", core_words },
{ "delivery",      SETTING_CHOICE, O(int, delivery),            0, 0,         "confirmed", 0,
  "confirmed: batches in files that the core removes when it has applied them; it does nothing else while it applies one. pipe: lines straight into the pipe, without confirmation.", deliveries },
{ "batch_dir",     SETTING_TEXT,   O(char *, batch_dir),        1, 3500,      NULL, 0,
  "Folder of the batch files, writable for gateway and core. Default: batches in state_dir.", NULL },
{ "replay_window", SETTING_DURATION, O(uint64_t, replay_window), 0, 3600,     NULL, 0,
  "What was delivered this long before the core went away is handed over again when it is back. Default: 10s for Icinga, which forgets a second of results at each reload, 0 for the others. journal_keep must not be shorter.", NULL },
OBJECTS_SETTING(struct command_file_config, objects),
SINK_SETTINGS(struct command_file_config, "2000", 100000),
{ 0 },
};
/* clang-format on */

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

static void check(struct output_config *output, const char *state_dir, struct str *problem)
{
	struct command_file_config *o = container_of(output, struct command_file_config, output);
	struct str folder = { 0 };

	o->replay_window_set = settings_line_of(settings, &output->lines, "replay_window") > 0;
	if (o->batch_dir == NULL) {
		str_printf(&folder, "%s/batches", state_dir);
		o->batch_dir = str_take(&folder);
	}
	if (o->path != NULL && o->path[0] != '/')
		str_printf(problem, "path %s is not absolute; write it from / on", o->path);
	else if (o->batch_dir[0] != '/')
		str_printf(problem,
				"batch_dir %s is not absolute; the core has its own idea of "
				"where it is",
				o->batch_dir);
	else if (o->objects != NULL && o->objects[0] != '/')
		str_printf(problem, "objects %s is not absolute; write it from / on", o->objects);
	else if (strpbrk(o->batch_dir, ";\n\r") != NULL)
		str_append_text(problem, "batch_dir holds a ; which ends a command's argument; "
					 "take another folder");
}

static void take_core(struct command_file *c)
{
	uint64_t window = c->config->replay_window_set ? c->config->replay_window
						       : core_info(c->core.core)->forgets;

	c->replay.window = seconds((int64_t)window);
}

static struct sink *create(const struct output_config *output, const struct sink_env *env)
{
	const struct command_file_config *config = (const void *)output; /* begins with it */
	struct command_file *c = xcalloc(1, sizeof(*c));

	c->sink.class = &command_file_class;
	c->config = config;
	c->env = *env;
	fifo_init(&c->fifo, output->name, config->path);
	batch_folder_init(&c->folder, config->batch_dir, output->name, env->journal);
	core_choice_init(&c->core, output->name, config->path, (enum core)config->core);
	take_core(c);
	if (config->objects != NULL) {
		c->objects = objects_create(output->name, config->objects);
		objects_start(c->objects);
	}
	return &c->sink;
}

static struct command_file *of(struct sink *s)
{
	return container_of(s, struct command_file, sink);
}

static const struct command_file *of_const(const struct sink *s)
{
	return (const struct command_file *)(const void *)s; /* its first member */
}

static void destroy(struct sink *s)
{
	struct command_file *c = of(s);

	fifo_finish(&c->fifo);
	batch_folder_finish(&c->folder);
	objects_destroy(c->objects);
	str_finish(&c->name);
	free(c);
}

static struct objects *objects(struct sink *s)
{
	return of(s)->objects;
}

static void encode(struct sink *s, struct str *into, const struct check_result *result,
		struct wall_time received)
{
	struct command_file *c = of(s);
	size_t line = c->config->delivery == DELIVERY_PIPE ? MAX_PIPE_LINE : 0;

	if (core_info(c->core.core)
					->encode(into, result, received,
							c->config->output.max_output, line))
		count_up(&c->env.counters->cut, 1);
}

static const char *encode_one_command(struct sink *s, struct str *into,
		const struct command *command, struct wall_time received)
{
	return core_info(of(s)->core.core)->encode_command(into, command, received);
}

/* The batch files are the other run's business no longer, and the pipe's first look is due. */
static enum sink_leftover resume(struct sink *s, const struct progress *left)
{
	struct command_file *c = of(s);
	int there;

	if (c->config->delivery == DELIVERY_PIPE)
		return LEFTOVER_NONE;
	if (left == NULL) {
		batch_folder_sweep(&c->folder, (struct span){ NULL, 0 });
		return LEFTOVER_NONE;
	}
	str_clear(&c->name);
	batch_file_name(&c->folder, left->issued_first, left->issued_last, &c->name);
	there = batch_folder_open(&c->folder);
	if (there == 0)
		there = batch_folder_has(&c->folder, str_span(&c->name));
	if (there <= 0) {
		batch_folder_sweep(&c->folder, (struct span){ NULL, 0 });
		return there == 0 && left->is_named && batch_folder_place(&c->folder) == left->place
				       ? LEFTOVER_ARRIVED
				       : LEFTOVER_NONE;
	}
	batch_folder_sweep(&c->folder, str_span(&c->name));
	c->first = left->issued_first;
	c->last = left->issued_last;
	c->batch = NULL;
	c->recorded = true;
	c->named = left->is_named;
	c->step = STEP_ISSUE;
	c->repeat = milliseconds(REPEAT_FIRST_MS);
	return LEFTOVER_BUSY;
}

static void submit(struct sink *s, const struct batch *batch)
{
	struct command_file *c = of(s);

	c->batch = batch;
	c->first = batch->first;
	c->last = batch->last;
	c->written = 0;
	c->full = false;
	c->recorded = false;
	c->named = false;
	c->repeat = milliseconds(REPEAT_FIRST_MS);
	c->step = c->config->delivery == DELIVERY_PIPE ? STEP_PIPE : STEP_WRITE_FILE;
	str_clear(&c->name);
	batch_file_name(&c->folder, c->first, c->last, &c->name);
}

static bool write_file(struct command_file *c, struct instant now)
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
		c->retry_at = instant_after(now, milliseconds(RETRY_MS));
	} else {
		c->step = STEP_ISSUE;
	}
	return r == 0;
}

/*
 * Keep the pipe open, batch or not, so that the operator hears of a core that is away. False while
 * it is not, and when something else has to come before the next command.
 */
static bool keep_open(struct command_file *c, struct instant now)
{
	if (c->fifo.fd >= 0)
		return true;
	if (c->was_open) {
		replay_core_gone(&c->replay, now);
		if (c->replay.window.ns > 0)
			c->written = 0;
	}
	c->was_open = false;
	if (!instant_reached(c->retry_at, now))
		return false;
	if (fifo_open(&c->fifo)) {
		c->was_open = true;
		c->may_confirm = false;
		c->repeat = milliseconds(REPEAT_FIRST_MS);
		if (!core_choice_opened(&c->core, c->fifo.owner))
			return !c->replay.is_due;
		take_core(c);
		c->step = STEP_LOST; /* what there is was encoded for another core */
		return false;
	}
	c->retry_at = instant_after(now, milliseconds(RETRY_MS));
	return false;
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

/* fifo_write(), and the watch over how long the pipe stays full. */
static int write_or_wait(struct command_file *c, struct span bytes, struct instant now)
{
	int r = fifo_write(&c->fifo, bytes);
	bool was_full = c->full;

	c->full = r == -EAGAIN;
	if (c->full && !was_full)
		c->full_since = now;
	else if (c->full &&
			instant_reached(instant_after(c->full_since, milliseconds(STUCK_MS)), now))
		fifo_stuck(&c->fifo);
	return r;
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
	c->retry_at = instant_after(now, milliseconds(RETRY_MS));
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

/* Give the command. False when the pipe has to be waited for. */
static bool issue(struct command_file *c, struct instant now)
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
		c->retry_at = instant_after(now, milliseconds(RETRY_MS));
		return false;
	}
	fifo_is_current(&c->fifo);
	if (!keep_open(c, now) || !check_rights(c, now))
		return false;
	str_printf(&command, "[%" PRId64 "] PROCESS_FILE;%s/%s;1\n",
			wall_time_seconds(wall_time_now()), c->config->batch_dir,
			str_text(&c->name));
	r = write_or_wait(c, str_span(&command), now);
	str_finish(&command);
	if (r < 0) {
		if (!c->full)
			c->retry_at = instant_after(now, milliseconds(RETRY_MS));
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

/* True when the core has removed the file. */
static bool confirm(struct command_file *c, struct instant now)
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

/* The longest run of whole lines that goes into one write. */
static struct span next_piece(struct span text)
{
	size_t end = text.len;

	if (text.len > MAX_PIPE_LINE) {
		for (end = MAX_PIPE_LINE; end > 0 && text.data[end - 1] != '\n'; end--)
			;
		assert(end > 0); /* encode() keeps lines within MAX_PIPE_LINE */
	}
	return span_first(text, end);
}

static bool write_pipe(struct command_file *c, struct instant now)
{
	struct span text = str_span(&c->batch->text);

	fifo_is_current(&c->fifo);
	while (c->written < text.len) {
		struct span piece = next_piece(span_from(text, c->written));
		int r;

		if (!keep_open(c, now))
			return false;
		r = write_or_wait(c, piece, now);
		if (r == 0) {
			c->written += piece.len;
		} else {
			if (!c->full)
				c->retry_at = instant_after(now, milliseconds(RETRY_MS));
			return false;
		}
	}
	return true;
}

/* What is out is forgotten: should the core have it in hand, it comes twice. */
static enum sink_state forget_batch(struct command_file *c, enum sink_state state)
{
	batch_folder_remove(&c->folder, str_span(&c->name));
	c->step = STEP_IDLE;
	c->batch = NULL;
	return state;
}

static enum sink_state step(struct sink *s, struct instant now)
{
	struct command_file *c = of(s);
	bool done = false, going = true;

	while (going && !done) {
		switch (c->step) {
		case STEP_IDLE:
			keep_open(c, now);
			going = c->step != STEP_IDLE;
			break;
		case STEP_WRITE_FILE:
			going = write_file(c, now);
			break;
		case STEP_ISSUE:
			going = issue(c, now) || c->step == STEP_LOST;
			break;
		case STEP_CONFIRM:
			done = confirm(c, now);
			going = c->step != STEP_CONFIRM;
			break;
		case STEP_PIPE:
			done = write_pipe(c, now);
			going = c->step != STEP_PIPE;
			break;
		case STEP_LOST:
			return forget_batch(c, SINK_LOST);
		}
	}
	*c->env.problem = c->folder.problem != NULL ? c->folder.problem : c->fifo.problem;
	c->env.counters->connected = c->fifo.fd >= 0;
	if (c->fifo.fd >= 0 && !done && replay_take(&c->replay, &c->rewind_to))
		return forget_batch(c, SINK_REWIND);
	if (!done)
		return c->step == STEP_IDLE ? SINK_IDLE : SINK_BUSY;
	replay_delivered(&c->replay, c->batch, now);
	c->step = STEP_IDLE;
	c->batch = NULL;
	return SINK_DONE;
}

static size_t descriptors(struct sink *s, struct pollfd *fds)
{
	struct command_file *c = of(s);
	bool writing = c->step == STEP_PIPE || c->step == STEP_ISSUE;
	size_t n = 0;

	/* Without any event asked for, poll() still tells when the last reader is gone. */
	if (c->fifo.fd >= 0)
		fds[n++] = (struct pollfd){ c->fifo.fd, writing && c->full ? POLLOUT : 0, 0 };
	if (c->step == STEP_CONFIRM && c->folder.watch_fd >= 0)
		fds[n++] = (struct pollfd){ c->folder.watch_fd, POLLIN, 0 };
	return n;
}

static void polled(struct sink *s, const struct pollfd *fds, size_t n)
{
	struct command_file *c = of(s);

	for (size_t i = 0; i < n; i++) {
		if (fds[i].fd == c->fifo.fd && fds[i].revents & (POLLERR | POLLHUP | POLLNVAL))
			fifo_lost(&c->fifo);
	}
}

static struct wall_time rewind_to(const struct sink *s)
{
	return of_const(s)->rewind_to;
}

static struct instant deadline(const struct sink *s)
{
	const struct command_file *c = of_const(s);

	if (c->step == STEP_CONFIRM)
		return instant_earlier(c->look_at, c->repeat_at);
	if (c->fifo.fd < 0 || c->step == STEP_WRITE_FILE || (c->step == STEP_ISSUE && !c->full))
		return c->retry_at;
	/* poll() tells when a full pipe is read again; that it is not has to be found out. */
	if (c->full && c->fifo.problem == NULL)
		return instant_after(c->full_since, milliseconds(STUCK_MS));
	return INSTANT_NEVER;
}

const struct sink_class command_file_class = {
	.type = "command_file",
	.help = "The command pipe of a core: Nagios, Naemon, Icinga before 2.18.",
	.settings = settings,
	.config_size = sizeof(struct command_file_config),
	.check = check,
	.create = create,
	.destroy = destroy,
	.resume = resume,
	.objects = objects,
	.encode = encode,
	.encode_command = encode_one_command,
	.submit = submit,
	.step = step,
	.descriptors = descriptors,
	.polled = polled,
	.rewind_to = rewind_to,
	.deadline = deadline,
};
