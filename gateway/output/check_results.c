/* SPDX-License-Identifier: MIT */
#include "gateway/output/check_results.h"

#include <errno.h>

#include "common/log.h"
#include "common/mem.h"
#include "gateway/output/spool_file.h"
#include "gateway/result/encode.h"

enum {
	RETRY_MS = 1000,     /* a missing folder is looked for this often */
	LOOK_MS = 1000,	     /* whether the file is gone, should the watch have missed it */
	PATIENCE_MS = 60000, /* with a file that is not taken, before that is said */
	RENEWALS = 4,	     /* of a file within the age that it must not reach */
	NAMES_TO_TRY = 16,   /* when somebody else has a file of the name */
};

#define O(type, field) SETTING_FIELD(struct check_results_config, type, field)

/* clang-format off */
static const struct setting settings[] = {
{ "path",          SETTING_TEXT,     O(char *, path),           1, 4000,      NULL, SETTING_REQUIRED,
  "The core's folder of check results (check_result_path in nagios.cfg).", NULL },
{ "max_file_age",  SETTING_DURATION, O(uint64_t, max_file_age), 60, 31536000, "1h", 0,
  "As max_check_result_file_age in nagios.cfg: the core removes an older file unread, so files are made young again in time.", NULL },
SINK_SETTINGS(struct check_results_config, "5000", 100000),
{ 0 },
};
/* clang-format on */

static const char no_folder[] =
		"cannot be written to; it must be check_result_path of nagios.cfg, with the "
		"gateway's user or group among those that may write there";
static const char not_taken[] =
		"holds a file that the core has not taken for a minute; is it running, is this "
		"its check_result_path, and may it read and remove the gateway's files there?";

enum step { STEP_IDLE, STEP_WRITE, STEP_OUT };

struct check_results {
	struct sink sink;
	const struct check_results_config *config;
	struct sink_env env;
	struct batch_folder folder;
	enum step step;
	const struct batch *batch; /* borrowed from submit() to done; NULL after a resume */
	uint64_t first, last;	   /* of the batch that is out */
	uint64_t names;		   /* how many were made */
	struct str name, mark;	   /* of the file */
	bool is_offered;
	bool must_renew;	/* an earlier run has left it */
	bool refused;		/* what cannot be said in such a file was refused */
	struct wall_time young; /* when the file's age began */
	struct instant retry_at, look_at, out_since;
};

static void check(struct output_config *output, const char *state_dir, struct str *problem)
{
	struct check_results_config *o = container_of(output, struct check_results_config, output);

	(void)state_dir;
	if (o->path != NULL && o->path[0] != '/')
		str_printf(problem, "path %s is not absolute; write it from / on", o->path);
}

static struct sink *create(const struct output_config *output, const struct sink_env *env)
{
	const struct check_results_config *config = (const void *)output; /* begins with it */
	struct check_results *c = xcalloc(1, sizeof(*c));

	c->sink.class = &check_results_class;
	c->config = config;
	c->env = *env;
	batch_folder_init(&c->folder, config->path, output->name, env->journal);
	c->folder.is_foreign = true;
	return &c->sink;
}

static struct check_results *of(struct sink *s)
{
	return container_of(s, struct check_results, sink);
}

static const struct check_results *of_const(const struct sink *s)
{
	return (const struct check_results *)(const void *)s; /* its first member */
}

static void destroy(struct sink *s)
{
	struct check_results *c = of(s);

	batch_folder_finish(&c->folder);
	str_finish(&c->name);
	str_finish(&c->mark);
	free(c);
}

static void encode(struct sink *s, struct str *into, const struct check_result *result,
		struct wall_time received)
{
	struct check_results *c = of(s);

	if (encode_check_result_file(into, result, received, c->config->output.max_output, 0))
		count_up(&c->env.counters->cut, 1);
}

/* Has a file that is young since then become too old for the core? Of a clock that was set, too. */
static bool is_too_old(const struct check_results *c, struct wall_time young)
{
	int64_t age = wall_time_seconds(wall_time_now()) - wall_time_seconds(young);

	return age >= (int64_t)c->config->max_file_age;
}

static bool should_renew(const struct check_results *c)
{
	int64_t age = wall_time_seconds(wall_time_now()) - wall_time_seconds(c->young);
	int64_t most = (int64_t)c->config->max_file_age / RENEWALS;

	return age >= most || age <= -most;
}

/* The folder, and since when the file in it is young: what a later run must know of both. */
static uint64_t place_of(const struct check_results *c)
{
	return batch_folder_place(&c->folder) << 32 | (uint32_t)wall_time_seconds(c->young);
}

static bool record_issue(struct check_results *c)
{
	struct progress p = { .confirmed = c->first - 1,
		.issued_first = c->first,
		.issued_last = c->last,
		.place = place_of(c),
		.is_named = c->is_offered };
	int r = progress_store(c->env.progress, &p);

	if (r < 0)
		log_error_errno(r, "output \"%s\": its progress file cannot be written",
				c->config->output.name);
	return r == 0;
}

static void begin(struct check_results *c, uint64_t first, uint64_t last)
{
	c->first = first;
	c->last = last;
	c->is_offered = false;
	c->must_renew = false;
	str_clear(&c->mark);
	batch_file_name(&c->folder, first, last, &c->mark);
}

static enum sink_leftover resume(struct sink *s, const struct progress *left)
{
	struct check_results *c = of(s);
	struct wall_time young;

	if (batch_folder_open(&c->folder) < 0)
		return LEFTOVER_NONE;
	if (left == NULL) {
		spool_folder_sweep(&c->folder, (struct span){ NULL, 0 }, &c->name);
		return LEFTOVER_NONE;
	}
	young = (struct wall_time){ seconds((uint32_t)left->place).ns };
	begin(c, left->issued_first, left->issued_last);
	if (!spool_folder_sweep(&c->folder, str_span(&c->mark), &c->name))
		return left->is_named && !is_too_old(c, young) &&
						       left->place >> 32 ==
								       (uint32_t)batch_folder_place(
										       &c->folder)
				       ? LEFTOVER_ARRIVED
				       : LEFTOVER_NONE;
	c->batch = NULL;
	c->young = young;
	c->is_offered = left->is_named;
	c->must_renew = true;
	c->step = STEP_OUT;
	c->out_since = instant_now();
	return LEFTOVER_BUSY;
}

static void submit(struct sink *s, struct batch *batch)
{
	struct check_results *c = of(s);

	c->batch = batch;
	c->refused = false;
	begin(c, batch->first, batch->last);
	c->step = STEP_WRITE;
}

static void refuse_unsayable(struct check_results *c)
{
	static const struct rejection r = { .reject = REJECT_REFUSED,
		.detail = SPAN("a name that ends in \\") };

	for (size_t i = 0; !c->refused && i < c->batch->results; i++) {
		if (c->batch->items[i].len == 0)
			c->env.refuse(c->env.owner, i, &r);
	}
	c->refused = true;
}

static int write_file(struct check_results *c)
{
	int r = -EEXIST;

	c->young = wall_time_now();
	for (int i = 0; i < NAMES_TO_TRY && r == -EEXIST; i++) {
		spool_file_name(c->first + c->names++, &c->name);
		r = spool_file_write(&c->folder, str_span(&c->name), str_span(&c->mark),
				str_span(&c->batch->text), c->young);
	}
	return r;
}

/* The file, complete, then what tells the core of it. False when that has to be tried again. */
static bool offer(struct check_results *c, struct instant now)
{
	int r;

	if (!instant_reached(c->retry_at, now))
		return false;
	r = write_file(c);
	if (r == 0) {
		r = record_issue(c) ? spool_file_offer(&c->folder, str_span(&c->name)) : -EIO;
		if (r < 0)
			spool_file_remove(&c->folder, str_span(&c->name));
	}
	batch_folder_say(&c->folder, r < 0 ? no_folder : NULL, r);
	if (r < 0) {
		batch_folder_open(&c->folder); /* anew; and our own removal counts as nobody's */
		c->retry_at = instant_after(now, milliseconds(RETRY_MS));
		return false;
	}
	c->is_offered = true;
	record_issue(c);
	c->out_since = now;
	c->look_at = instant_after(now, milliseconds(LOOK_MS));
	return true;
}

/* Nothing but a file that is young enough was applied when it is gone. */
static enum sink_state gone(struct check_results *c)
{
	if (c->is_offered && !is_too_old(c, c->young))
		return SINK_DONE;
	log_warn("output \"%s\": %s/%s is gone, but had become so old that the core may not have "
		 "read it; handing its results over again",
			c->config->output.name, c->config->path, str_text(&c->name));
	count_up(&c->env.counters->reissued, 1);
	return SINK_LOST;
}

/* Is it still there, and young? */
static enum sink_state look(struct check_results *c, struct instant now)
{
	int r = batch_folder_has(&c->folder, str_span(&c->name));

	c->look_at = instant_after(now, milliseconds(LOOK_MS));
	if (r == 0)
		return gone(c);
	if (r < 0) { /* another folder, and the file is not in it */
		batch_folder_say(&c->folder, no_folder, r);
		return batch_folder_open(&c->folder) == 0 ? SINK_LOST : SINK_BUSY;
	}
	if (c->must_renew || !c->is_offered || should_renew(c)) {
		c->young = wall_time_now();
		r = spool_file_renew(&c->folder, str_span(&c->name), c->young);
		if (r == 0)
			r = spool_file_offer(&c->folder, str_span(&c->name));
		c->must_renew = r < 0;
		if (r == 0) {
			c->is_offered = true;
			record_issue(c);
		}
	}
	if (instant_reached(instant_after(c->out_since, milliseconds(PATIENCE_MS)), now))
		batch_folder_say(&c->folder, not_taken, 0);
	return SINK_BUSY;
}

static enum sink_state watch(struct check_results *c, struct instant now)
{
	if (batch_folder_saw_removal(&c->folder, str_span(&c->name)))
		return gone(c);
	return instant_reached(c->look_at, now) ? look(c, now) : SINK_BUSY;
}

static enum sink_state step(struct sink *s, struct instant now)
{
	struct check_results *c = of(s);
	enum sink_state state = c->step == STEP_IDLE ? SINK_IDLE : SINK_BUSY;

	if (c->step == STEP_WRITE) {
		refuse_unsayable(c);
		if (c->batch->text.len == 0)
			state = SINK_DONE;
		else if (offer(c, now))
			c->step = STEP_OUT;
	}
	if (c->step == STEP_OUT)
		state = watch(c, now);
	if (state == SINK_DONE)
		batch_folder_say(&c->folder, NULL, 0);
	*c->env.problem = c->folder.problem;
	c->env.counters->connected = c->folder.problem == NULL; /* a folder is there or is not */
	if (state == SINK_DONE || state == SINK_LOST) {
		c->step = STEP_IDLE;
		c->batch = NULL;
	}
	return state;
}

static size_t descriptors(struct sink *s, struct pollfd *fds)
{
	struct check_results *c = of(s);

	if (c->step != STEP_OUT || c->folder.watch_fd < 0)
		return 0;
	fds[0] = (struct pollfd){ c->folder.watch_fd, POLLIN, 0 };
	return 1;
}

static void polled(struct sink *s, const struct pollfd *fds, size_t n)
{
	(void)s;
	(void)fds;
	(void)n; /* step() reads the watch */
}

static struct instant deadline(const struct sink *s)
{
	const struct check_results *c = of_const(s);

	if (c->step == STEP_WRITE)
		return c->retry_at;
	return c->step == STEP_OUT ? c->look_at : INSTANT_NEVER;
}

const struct sink_class check_results_class = {
	.type = "check_results",
	.help = "The folder of check results of Nagios or Naemon, for cores that are away for "
		"long.",
	.settings = settings,
	.config_size = sizeof(struct check_results_config),
	.check = check,
	.create = create,
	.destroy = destroy,
	.resume = resume,
	.encode = encode,
	.submit = submit,
	.step = step,
	.descriptors = descriptors,
	.polled = polled,
	.deadline = deadline,
};
