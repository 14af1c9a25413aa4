/* SPDX-License-Identifier: MIT */
#include "gateway/output/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>

#include "common/log.h"
#include "common/mem.h"
#include "gateway/output/sink.h"
#include "gateway/result/decode.h"

enum {
	STOP_MS = 1000,	    /* for a batch that is out when the end comes */
	MAX_ANSWERS = 1000, /* to one message: an array can ask for two million */
};

struct worker {
	struct worker_env env;
	const struct output_config *config;
	struct journal_reader *reader;
	struct progress_file *progress;
	struct sink *sink;
	struct decoder *decoder;
	struct output_counters counters;
	_Atomic(const char *) problem;
	_Atomic bool stopping;
	pthread_t thread;
	bool running;
	uint64_t head; /* of the journal, before anything new came */

	/* The thread's own from here. */
	struct batch batches[2];
	struct batch *gathering;
	struct batch *out;	     /* NULL: nothing is out */
	bool read_failed;	     /* was said */
	uint64_t position;	     /* last record that was put into a batch */
	const struct record *record; /* under the decoder */
	bool answers;		     /* this output reports what is wrong with it */
	size_t answered;	     /* how often it did */
	struct wall_time received;
	struct str host, service, text;
};

/* --- from record to batch ------------------------------------------------------------------ */

static void take_result(void *owner, const struct check_result *result)
{
	struct worker *w = owner;
	struct batch *b = w->gathering;
	struct batch_item item = { .sequence = w->record->sequence,
		.at = b->text.len,
		.topic = b->topics.len,
		.topic_len = w->record->topic.len,
		.source = w->record->source,
		.received = w->received };

	w->sink->class->encode(w->sink, &b->text, result, w->received);
	item.len = b->text.len - item.at;
	str_append(&b->topics, w->record->topic);
	b->items = grow_array(b->items, b->results, &b->capacity, sizeof(*b->items));
	b->items[b->results++] = item;
}

static void answer(struct worker *w, const struct rejection *rejection, struct span topic,
		unsigned source)
{
	struct outbound *outbound = w->env.outbounds[source % w->env.outbound_count];
	struct str to = { 0 };

	count(w->env.counters, COUNT_RESULTS_REJECTED, 1);
	count_up(&w->env.counters->rejects[rejection->reject], 1);
	if (w->answered++ >= MAX_ANSWERS) {
		count(w->env.counters, COUNT_REJECTS_DROPPED, 1);
		return;
	}
	str_clear(&w->text);
	reject_format(&w->text, rejection, topic, span_of_text(w->env.config->client_id));
	reject_topic(&to, topic);
	if (!outbound_push(outbound, str_span(&to), str_span(&w->text), false))
		count(w->env.counters, COUNT_REJECTS_DROPPED, 1);
	str_finish(&to);
}

static void take_rejection(void *owner, const struct rejection *rejection)
{
	struct worker *w = owner;

	if (w->answers)
		answer(w, rejection, w->record->topic, w->record->source);
}

/* The core refuses a result of the batch that is out. */
static void take_refusal(void *owner, size_t index, const struct rejection *rejection)
{
	struct worker *w = owner;
	const struct batch_item *item = &w->out->items[index];

	w->answered = 0;
	answer(w, rejection, span_of(w->out->topics.text + item->topic, item->topic_len),
			item->source);
}

static const struct decode_sink decode_into_worker = {
	.result = take_result,
	.rejection = take_rejection,
};

/*
 * "nagios/web1/" is a script whose variable was empty, not a result of the host itself.
 */
static bool names_nothing(const struct worker *w, const struct route *route)
{
	struct span topic = w->record->topic;

	return w->service.len == 0 && !route->service.from_payload &&
	       topic.data[topic.len - 1] == '/';
}

/* The names that the topic gives. False after a rejection. */
static bool expand_names(struct worker *w, const struct route *route)
{
	struct rejection bad = { .reject = REJECT_BAD_HOST, .detail = w->record->topic };

	str_clear(&w->host);
	str_clear(&w->service);
	if (template_expand(&route->host, w->record->topic, &w->host)) {
		bad.reject = REJECT_BAD_SERVICE;
		if (template_expand(&route->service, w->record->topic, &w->service) &&
				!names_nothing(w, route))
			return true;
	}
	take_rejection(w, &bad);
	return false;
}

/* Taken from the broker when a route still named it: with none left the first output answers. */
static void answer_unrouted(struct worker *w)
{
	const struct config *c = w->env.config;
	struct rejection r = { .reject = REJECT_NO_ROUTE, .detail = w->record->topic };

	w->answers = w->env.output == 0 &&
		     !routes_match(c->routes, c->route_count, w->record->topic);
	if (w->answers)
		count(w->env.counters, COUNT_MESSAGES_UNROUTED, 1);
	take_rejection(w, &r);
}

static void take_record(struct worker *w, const struct record *record)
{
	const struct route *route = routes_find(w->env.config->routes, w->env.config->route_count,
			record->topic, w->env.output, &w->answers);
	struct decode_sink sink = decode_into_worker;
	struct decode_input input;

	w->record = record;
	w->answered = 0;
	w->received = record->received;
	if (route == NULL)
		answer_unrouted(w);
	if (route == NULL || route->formats == 0)
		return;
	if (!expand_names(w, route))
		return;
	/*
	 * The topic of a host is the place for an array of its services: who may speak for the
	 * host may speak for them.
	 */
	input = (struct decode_input){
		.payload = record->payload,
		.host = str_span(&w->host),
		.host_from_payload = route->host.from_payload,
		.service = str_span(&w->service),
		.service_from_payload = route->service.from_payload || w->service.len == 0,
		.formats = route->formats,
	};
	sink.owner = w;
	decode(w->decoder, &input, &sink);
}

static bool is_full(const struct worker *w)
{
	const struct batch *b = w->gathering;

	return b->results >= w->config->batch_results || b->text.len >= w->config->batch_size;
}

static bool gather_one(void *owner, const struct record *record)
{
	struct worker *w = owner;

	take_record(w, record);
	if (w->gathering->first == 0)
		w->gathering->first = record->sequence;
	w->gathering->last = record->sequence;
	return !is_full(w);
}

static void gather(struct worker *w)
{
	int r;

	if (is_full(w))
		return;
	r = journal_reader_read(w->reader, &w->position, gather_one, w);
	if (r < 0 && !w->read_failed)
		log_error_errno(r, "output \"%s\": the journal cannot be read", w->config->name);
	w->read_failed = r < 0;
}

/* --- from batch to sink -------------------------------------------------------------------- */

static void clear_batch(struct batch *b)
{
	str_clear(&b->text);
	str_clear(&b->topics);
	b->results = 0;
	b->first = b->last = 0;
}

static void confirm(struct worker *w, const struct batch *b)
{
	struct progress p = { .confirmed = b->last };
	int r = progress_store(w->progress, &p);

	if (r < 0)
		log_error_errno(r, "output \"%s\": its progress file cannot be written",
				w->config->name);
	journal_reader_confirm(w->reader, b->last);
	count_up(&w->counters.results, b->results);
	count_up(&w->counters.batches, 1);
	w->counters.delivered = b->last;
}

/* Hand the gathered batch to the idle sink. One without results has arrived by itself. */
static void submit(struct worker *w)
{
	struct batch *b = w->gathering;

	if (b->first == 0)
		return;
	if (b->results == 0) {
		confirm(w, b);
		clear_batch(b);
		return;
	}
	w->sink->class->submit(w->sink, b);
	w->out = b;
	w->gathering = b == &w->batches[0] ? &w->batches[1] : &w->batches[0];
	clear_batch(w->gathering);
}

static void begin_again(struct worker *w, uint64_t after)
{
	clear_batch(&w->batches[0]);
	clear_batch(&w->batches[1]);
	w->out = NULL;
	w->position = after;
}

/* As far as the journal still has it. What was confirmed since counts as not delivered again. */
static void rewind_reader(struct worker *w, struct wall_time to)
{
	uint64_t confirmed = journal_reader_confirmed(w->reader);
	uint64_t before = journal_before(w->env.journal, to);
	struct progress p = { .confirmed = before < confirmed ? before : confirmed };

	if (p.confirmed < confirmed)
		log_notice("output \"%s\": handing over again the last %" PRIu64 " records, which "
			   "the other side may have forgotten",
				w->config->name, confirmed - p.confirmed);
	progress_store(w->progress, &p);
	journal_reader_confirm(w->reader, p.confirmed);
	w->counters.delivered = p.confirmed;
	begin_again(w, p.confirmed);
}

static void run_sink(struct worker *w)
{
	enum sink_state state = w->sink->class->step(w->sink, instant_now());

	if (state == SINK_DONE) {
		confirm(w, w->out);
		clear_batch(w->out);
		w->out = NULL;
	} else if (state == SINK_LOST) {
		begin_again(w, journal_reader_confirmed(w->reader));
	} else if (state == SINK_REWIND) {
		rewind_reader(w, w->sink->class->rewind_to(w->sink));
	}
}

/* Where an earlier run stopped. */
static void resume(struct worker *w)
{
	struct progress left = { 0 };
	enum sink_leftover what = LEFTOVER_NONE;
	bool known = progress_load(w->progress, &left);

	/* Of a later state of the journal: somebody has put an earlier one back since. */
	if (known && (left.confirmed > w->head || left.issued_last > w->head)) {
		log_warn("output \"%s\": its progress file is ahead of the journal and not "
			 "believed",
				w->config->name);
		known = false;
	}
	if (known && left.confirmed > journal_reader_confirmed(w->reader))
		journal_reader_confirm(w->reader, left.confirmed);
	if (known && left.issued_last > journal_reader_confirmed(w->reader))
		what = w->sink->class->resume(w->sink, &left);
	else
		w->sink->class->resume(w->sink, NULL);
	if (what != LEFTOVER_NONE) {
		w->out = &w->batches[1];
		w->out->first = left.issued_first;
		w->out->last = left.issued_last;
		log_info("output \"%s\": the batch an earlier run left with the core %s",
				w->config->name,
				what == LEFTOVER_BUSY ? "is still there, offering it again"
						      : "was applied");
	}
	if (what == LEFTOVER_ARRIVED) {
		confirm(w, w->out);
		clear_batch(w->out);
		w->out = NULL;
	}
	w->position = w->out != NULL ? w->out->last : journal_reader_confirmed(w->reader);
	w->counters.delivered = journal_reader_confirmed(w->reader);
}

static int wait_time(struct worker *w, struct instant stop_at)
{
	struct instant now = instant_now();
	struct instant until = instant_earlier(w->sink->class->deadline(w->sink), stop_at);
	int64_t ns = until.ns - now.ns;

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

		if (stopping && stop_at.ns == INSTANT_NEVER.ns)
			stop_at = instant_after(instant_now(), milliseconds(STOP_MS));
		if (!stopping)
			gather(w);
		if (!stopping && w->out == NULL)
			submit(w);
		run_sink(w);
		if (!stopping)
			gather(w); /* the next batch, while this one is out */
		if (stopping && (w->out == NULL || instant_reached(stop_at, instant_now())))
			break;
		if (w->out == NULL && !stopping && w->gathering->first != 0)
			continue; /* the sink is free and a batch has gathered */
		wait(w, stop_at);
	}
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

struct worker *worker_create(const struct worker_env *env)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	struct sink_env sink = { .journal = journal_id(env->journal),
		.counters = &w->counters,
		.problem = &w->problem,
		.refuse = take_refusal,
		.owner = w };

	w->env = *env;
	w->config = env->config->outputs[env->output];
	w->reader = journal_reader_at(env->journal, env->output);
	w->head = journal_status(env->journal).head;
	w->gathering = &w->batches[0];
	if (!open_progress(w)) {
		worker_destroy(w);
		return NULL;
	}
	sink.progress = w->progress;
	w->sink = w->config->class->create(w->config, &sink);
	w->decoder = decoder_create();
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
	decoder_destroy(w->decoder);
	progress_close(w->progress);
	for (size_t i = 0; i < array_size(w->batches); i++) {
		str_finish(&w->batches[i].text);
		str_finish(&w->batches[i].topics);
		free(w->batches[i].items);
	}
	str_finish(&w->host);
	str_finish(&w->service);
	str_finish(&w->text);
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

const struct output_counters *worker_counters(const struct worker *w)
{
	return &w->counters;
}

const char *worker_problem(const struct worker *w)
{
	return w->problem;
}
