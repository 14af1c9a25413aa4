/* SPDX-License-Identifier: MIT */
#include "gateway/output/command_file.h"

#include <assert.h>
#include <errno.h>

#include "common/mem.h"
#include "gateway/output/command_file_impl.h"
#include "gateway/result/encode.h"

enum { STUCK_MS = 1000 /* with a pipe that stays full, before that is said */ };

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
	c->repeat = milliseconds(COMMAND_FILE_REPEAT_MS);
	return LEFTOVER_BUSY;
}

static void submit(struct sink *s, struct batch *batch)
{
	struct command_file *c = of(s);

	c->batch = batch;
	c->first = batch->first;
	c->last = batch->last;
	c->written = 0;
	c->full = false;
	c->recorded = false;
	c->named = false;
	c->repeat = milliseconds(COMMAND_FILE_REPEAT_MS);
	c->step = c->config->delivery == DELIVERY_PIPE ? STEP_PIPE : STEP_WRITE_FILE;
	str_clear(&c->name);
	batch_file_name(&c->folder, c->first, c->last, &c->name);
}

bool command_file_keep_open(struct command_file *c, struct instant now)
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
		c->repeat = milliseconds(COMMAND_FILE_REPEAT_MS);
		if (!core_choice_opened(&c->core, c->fifo.owner))
			return !c->replay.is_due;
		take_core(c);
		c->step = STEP_LOST; /* what there is was encoded for another core */
		return false;
	}
	c->retry_at = instant_after(now, milliseconds(COMMAND_FILE_RETRY_MS));
	return false;
}

int command_file_write(struct command_file *c, struct span bytes, struct instant now)
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

		if (!command_file_keep_open(c, now))
			return false;
		r = command_file_write(c, piece, now);
		if (r == 0) {
			c->written += piece.len;
		} else {
			if (!c->full)
				c->retry_at = instant_after(
						now, milliseconds(COMMAND_FILE_RETRY_MS));
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
			command_file_keep_open(c, now);
			going = c->step != STEP_IDLE;
			break;
		case STEP_WRITE_FILE:
			going = command_file_write_file(c, now);
			break;
		case STEP_ISSUE:
			going = command_file_issue(c, now) || c->step == STEP_LOST;
			break;
		case STEP_CONFIRM:
			done = command_file_confirm(c, now);
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
	.settings = command_file_settings,
	.config_size = sizeof(struct command_file_config),
	.check = command_file_check,
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
