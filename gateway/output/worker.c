/* SPDX-License-Identifier: MIT */
#include "gateway/output/worker.h"

#include <errno.h>
#include <inttypes.h>

#include "common/log.h"
#include "common/mem.h"
#include "gateway/output/worker_impl.h"

enum { STOP_MS = 1000 }; /* for a batch that is out when the end comes */

/* --- from batch to sink -------------------------------------------------------------------- */

static int store_progress(struct worker *w, uint64_t confirmed)
{
	struct progress p = { .confirmed = confirmed };

	if (w->sink->class->keep != NULL)
		w->sink->class->keep(w->sink, &p);
	return progress_store(w->progress, &p);
}

void worker_move_place(struct worker *w, uint64_t sequence)
{
	if (sequence <= journal_reader_confirmed(w->reader))
		return; /* of a batch that was out while what came behind it was dropped */
	journal_reader_confirm(w->reader, sequence);
	w->health.counters.delivered = sequence;
}

static void confirm(struct worker *w, const struct batch *b)
{
	int r = store_progress(w, b->last);

	if (r < 0)
		log_error_errno(r, "output \"%s\": its progress file cannot be written",
				w->config->name);
	worker_move_place(w, b->last);
	output_health_confirm(&w->health, b->results);
	confirmations_add(w->confirmations, b->last, wall_time_now());
	worker_send_receipts(w, b);
}

/* The oldest batch that is out has arrived. */
static void retire(struct worker *w)
{
	struct batch *b = worker_oldest(w);

	confirm(w, b);
	batch_clear(b);
	w->oldest = (w->oldest + 1) % array_size(w->batches);
	w->out--;
}

/* One without results waits for those before it, and a replay until nothing is out. */
static bool may_submit(struct worker *w)
{
	const struct batch *b = worker_gathering(w);
	size_t depth = w->sink->class->depth;

	if (w->stopping || b->first == 0 || w->replay_from != 0)
		return false;
	return w->out == 0 || (w->out < depth && b->results > 0);
}

/* Hand over the gathered batch. One without results has arrived by itself. */
static void submit(struct worker *w)
{
	struct batch *b = worker_gathering(w);

	if (!may_submit(w) || !worker_is_due(w))
		return;
	if (b->results == 0) {
		confirm(w, b);
		batch_clear(b);
		return;
	}
	batch_compact(b);
	w->sink->class->submit(w->sink, b);
	w->out++;
	w->handed_over = b->last;
	batch_clear(worker_gathering(w));
}

static void begin_again(struct worker *w, uint64_t after)
{
	for (size_t i = 0; i < array_size(w->batches); i++)
		batch_clear(&w->batches[i]);
	w->out = 0;
	w->position = after;
}

/* What was confirmed behind `before` counts as not delivered again; *mark is how far that goes. */
static void rewind_reader(struct worker *w, uint64_t before, uint64_t *mark)
{
	uint64_t confirmed = journal_reader_confirmed(w->reader);
	uint64_t place = before < confirmed ? before : confirmed;

	if (place < confirmed)
		log_notice("output \"%s\": handing over again the last %" PRIu64 " records, which "
			   "the other side may have forgotten",
				w->config->name, confirmed - place);
	store_progress(w, place);
	journal_reader_confirm(w->reader, place);
	if (place < confirmed)
		journal_maintain(w->env.journal); /* a restart would believe the later place */
	w->health.counters.delivered = place;
	if (confirmed > *mark)
		*mark = confirmed;
	begin_again(w, place);
}

static void replay_if_asked(struct worker *w)
{
	struct wall_time from = { atomic_exchange(&w->replay_from, 0) };

	if (from.ns != 0)
		rewind_reader(w, journal_before(w->env.journal, from), &w->replayed);
}

static void rewind_sink(struct worker *w)
{
	const struct sink_class *class = w->sink->class;

	rewind_reader(w,
			class->held != NULL
					? class->held(w->sink)
					: journal_before(w->env.journal, class->rewind_to(w->sink)),
			&w->rewound);
}

static enum sink_state step(struct worker *w)
{
	enum sink_state state = w->sink->class->step(w->sink, instant_now());

	output_health_look(&w->health);
	if (w->sink->class->held != NULL) /* before it is confirmed, and may be trimmed */
		journal_reader_hold(w->reader, w->sink->class->held(w->sink));
	return state;
}

static void run_sink(struct worker *w)
{
	enum sink_state state;

	while ((state = step(w)) == SINK_DONE)
		retire(w);
	if (state == SINK_LOST)
		begin_again(w, journal_reader_confirmed(w->reader));
	else if (state == SINK_REWIND)
		rewind_sink(w);
}

/* Who is to hear of the batch that an earlier run left with the core. */
static bool note_receipt(void *owner, const struct record *record)
{
	struct worker *w = owner;
	const struct config *c = w->env.config;
	struct batch *left = worker_oldest(w);

	if (record->sequence > left->last)
		return false;
	if (record->kind == RECORD_RESULT && record->response_topic.len > 0 &&
			routes_lead(c->routes, c->route_count, record->topic, record->naming,
					record->result.host, w->env.output))
		batch_add_receipt(left, record);
	return true;
}

/* The batch that an earlier run left is out, as far as that is known. */
static void take_leftover(struct worker *w, const struct progress *left)
{
	uint64_t after = left->issued_first - 1;
	int r;

	w->out = 1;
	worker_oldest(w)->first = left->issued_first;
	worker_oldest(w)->last = left->issued_last;
	r = journal_scan(w->env.journal, &after, note_receipt, w);
	if (r < 0)
		log_error_errno(r, "output \"%s\": the journal cannot be read", w->config->name);
}

/* Where an earlier run stopped. */
static void resume(struct worker *w)
{
	const struct progress *left = &w->left;
	enum sink_leftover what = LEFTOVER_NONE;

	if (w->knows_left && left->confirmed > journal_reader_confirmed(w->reader))
		journal_reader_confirm(w->reader, left->confirmed);
	w->told = journal_reader_confirmed(w->reader);
	if (w->knows_left && left->issued_last > journal_reader_confirmed(w->reader))
		what = w->sink->class->resume(w->sink, left);
	else
		w->sink->class->resume(w->sink, NULL);
	if (what != LEFTOVER_NONE) {
		take_leftover(w, left);
		log_info("output \"%s\": the batch an earlier run left with the core %s",
				w->config->name,
				what == LEFTOVER_BUSY ? "is still there, offering it again"
						      : "was applied");
	}
	w->position = w->out > 0 ? worker_oldest(w)->last : journal_reader_confirmed(w->reader);
	if (what == LEFTOVER_ARRIVED)
		retire(w);
	w->health.counters.delivered = journal_reader_confirmed(w->reader);
}

static int wait_time(struct worker *w, struct instant stop_at)
{
	struct instant now = instant_now();
	struct instant until = instant_earlier(w->sink->class->deadline(w->sink), stop_at);
	int64_t ns;

	if (may_submit(w))
		until = instant_earlier(until, worker_due_at(w));
	ns = until.ns - now.ns;
	if (until.ns == INSTANT_NEVER.ns)
		return -1;
	return ns <= 0 ? 0 : ns > 60000000000 ? 60000 : (int)((ns + 999999) / 1000000);
}

static void wait(struct worker *w, struct instant stop_at)
{
	struct pollfd fds[SINK_DESCRIPTORS + 1];
	size_t n = w->sink->class->descriptors(w->sink, fds);

	fds[n] = (struct pollfd){ journal_reader_fd(w->reader), POLLIN, 0 };
	if (poll(fds, n + 1, wait_time(w, stop_at)) <= 0)
		return;
	if (fds[n].revents & POLLIN)
		journal_reader_rest(w->reader);
	w->sink->class->polled(w->sink, fds, n);
}

static void *run(void *owner)
{
	struct worker *w = owner;
	struct instant stop_at = INSTANT_NEVER;

	resume(w);
	for (;;) {
		bool stopping = w->stopping;

		w->turns++;
		if (stopping && stop_at.ns == INSTANT_NEVER.ns)
			stop_at = instant_after(instant_now(), milliseconds(STOP_MS));
		if (!stopping && w->out == 0)
			replay_if_asked(w);
		if (!stopping)
			worker_gather(w);
		submit(w);
		run_sink(w);
		if (!stopping)
			worker_gather(w); /* the next batch, while this one is out */
		if (stopping && (w->out == 0 || instant_reached(stop_at, instant_now())))
			break;
		if (may_submit(w) && worker_is_due(w))
			continue; /* the sink is free and a batch has gathered */
		wait(w, stop_at);
	}
	if (w->sink->class->stop != NULL)
		w->sink->class->stop(w->sink);
	return NULL;
}

/* --- life ---------------------------------------------------------------------------------- */

static bool open_progress(struct worker *w)
{
	struct str path = { 0 };
	int r;

	str_printf(&path, "%s/%s.progress", w->env.config->state_dir, w->config->name);
	r = progress_open(str_text(&path), journal_id(w->env.journal), &w->progress);
	if (r < 0)
		log_error_errno(r, "output \"%s\": %s cannot be opened", w->config->name,
				str_text(&path));
	str_finish(&path);
	return r == 0;
}

static bool is_ahead(const struct worker *w, uint64_t sequence)
{
	return sequence > w->head && sequence != UINT64_MAX;
}

/* Before the journal is trimmed: what the other side may have forgotten stays in it. */
static void read_progress(struct worker *w)
{
	const struct sink_class *class = w->sink->class;

	w->knows_left = progress_load(w->progress, &w->left);
	/* Of a later state of the journal: somebody has put an earlier one back since. */
	if (is_ahead(w, w->left.confirmed) || is_ahead(w, w->left.issued_last) ||
			is_ahead(w, w->left.held)) {
		log_warn("output \"%s\": its progress file is ahead of the journal and not "
			 "believed",
				w->config->name);
		w->knows_left = false;
		w->left = (struct progress){ 0 };
	}
	if (class->recall != NULL && w->left.peer != 0) {
		class->recall(w->sink, &w->left, instant_now());
		journal_reader_hold(w->reader, class->held(w->sink));
	}
}

struct worker *worker_create(const struct worker_env *env)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	struct sink_env sink = { .journal = journal_id(env->journal),
		.gateway = env->config->client_id,
		.counters = &w->health.counters,
		.problem = &w->health.problem,
		.refuse = worker_take_refusal,
		.found = worker_take_found,
		.owner = w };

	output_health_init(&w->health);
	w->env = *env;
	w->config = env->config->outputs[env->output];
	w->reader = journal_reader_at(env->journal, env->output);
	w->head = journal_status(env->journal).head;
	w->backlog = (struct backlog){ .policy = (enum backlog_policy)w->config->when_full,
		.limit = w->config->queue_records };
	w->unknown = (struct unknown){ .pending = env->pending, .output = env->output };
	w->confirmations = confirmations_create(journal_reader_confirmed(w->reader));
	if (!open_progress(w)) {
		worker_destroy(w);
		return NULL;
	}
	sink.progress = w->progress;
	w->sink = w->config->class->create(w->config, &sink);
	read_progress(w);
	return w;
}

void worker_destroy(struct worker *w)
{
	if (w == NULL)
		return;
	worker_stop(w);
	worker_join(w);
	if (w->sink != NULL)
		w->sink->class->destroy(w->sink);
	progress_close(w->progress);
	confirmations_destroy(w->confirmations);
	for (size_t i = 0; i < array_size(w->batches); i++)
		batch_finish(&w->batches[i]);
	str_finish(&w->text);
	output_health_finish(&w->health);
	free(w);
}

bool worker_start(struct worker *w)
{
	int r = pthread_create(&w->thread, NULL, run, w);

	w->running = r == 0;
	if (r != 0)
		log_error_errno(r, "output \"%s\": no thread to be had", w->config->name);
	return w->running;
}

void worker_stop(struct worker *w)
{
	if (!w->running)
		return;
	w->stopping = true;
	journal_reader_wake(w->reader);
}

void worker_join(struct worker *w)
{
	if (w->running)
		pthread_join(w->thread, NULL);
	w->running = false;
}

struct output_health *worker_health(struct worker *w)
{
	return &w->health;
}

const char *worker_place_name(enum worker_place place)
{
	static const char *const names[] = { [PLACE_WAITING] = "waiting",
		[PLACE_OUT] = "handed over",
		[PLACE_CONFIRMED] = "confirmed" };

	return names[place];
}

enum worker_place worker_place_of(
		struct worker *w, uint64_t sequence, struct wall_time *ret_confirmed)
{
	*ret_confirmed = (struct wall_time){ 0 };
	if (sequence > journal_reader_confirmed(w->reader))
		return sequence <= w->handed_over ? PLACE_OUT : PLACE_WAITING;
	confirmations_find(w->confirmations, sequence, ret_confirmed);
	return PLACE_CONFIRMED;
}

uint64_t worker_replay(struct worker *w, struct wall_time time)
{
	uint64_t before = journal_before(w->env.journal, time);
	uint64_t confirmed = journal_reader_confirmed(w->reader);

	w->replay_from = time.ns;
	journal_reader_wake(w->reader);
	return confirmed > before ? confirmed - before : 0;
}

uint64_t worker_turns(struct worker *w)
{
	journal_reader_wake(w->reader);
	return w->turns;
}
