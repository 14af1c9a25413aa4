/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>

#include "common/log.h"
#include "common/mem.h"
#include "gateway/output/worker_impl.h"

/* Of a batch: topics and the like; a topic may have 64 kB. */
enum { MAX_BATCH_TEXTS = 16 * 1024 * 1024 };

/*
 * The core has no such object. A batch that was lost is built again from records that were answered
 * already; a result of the gateway's own has nobody to answer.
 */
static void take_unknown(struct worker *w, const struct record *record, struct rejection *rejection)
{
	if (record->sequence <= w->seen || record->is_own)
		return;
	rejection->index = record->index;
	unknown_note(&w->unknown, &record->result, rejection, &record->publisher, record->received);
	worker_answer(w, rejection, record->topic, record->source);
	if (record->response_topic.len == 0)
		return;
	worker_format_rejected(w, rejection, record->topic);
	worker_send_receipt(w, record->response_topic, record->correlation, record->source);
}

static void encode_result(struct worker *w, const struct record *record)
{
	struct batch *b = worker_gathering(w);
	size_t at = b->text.len;

	w->sink->class->encode(w->sink, &b->text, &record->result, record->received);
	if (batch_add(b, record, at, w->config->coalesce))
		count_up(&w->health.counters.coalesced, 1);
}

/* Taken from the broker when a route still named it: with none left the first output answers. */
static void take_unrouted(struct worker *w, const struct record *record)
{
	struct rejection bad = { .reject = REJECT_NO_ROUTE,
		.detail = record->topic,
		.index = record->index,
		.host = record->result.host,
		.service = record->result.service };

	if (w->env.output != 0 || record->is_own)
		return;
	count(w->env.counters, COUNT_MESSAGES_UNROUTED, 1);
	worker_answer(w, &bad, record->topic, record->source);
}

static void take_result(struct worker *w, const struct record *record)
{
	struct rejection rejection;

	if (unknown_find(&w->unknown, w->sink, &record->result, &rejection))
		take_unknown(w, record, &rejection);
	else
		encode_result(w, record);
}

/*
 * A command is not repeated as a result is: a second downtime would be one. What becomes a part of
 * the object's state can be forgotten with it.
 */
static bool was_carried_out(const struct worker *w, const struct record *record)
{
	enum command_kind kind = record->command.kind;
	bool is_state = kind == COMMAND_ACKNOWLEDGE || kind == COMMAND_REMOVE_ACKNOWLEDGEMENT;

	return record->sequence <= w->replayed || (record->sequence <= w->rewound && !is_state);
}

/* Empty when it can be carried out here and is in the batch. */
static struct rejection encode_command_of(struct worker *w, const struct record *record)
{
	const struct command *c = &record->command;
	const struct check_result object = { .host = c->host, .service = c->service };
	const struct sink_class *class = w->sink->class;
	struct batch *b = worker_gathering(w);
	size_t at = b->text.len;
	struct rejection r;
	const char *why = "outputs of this type take no commands";

	if (unknown_find(&w->unknown, w->sink, &object, &r))
		return r;
	if (class->encode_command != NULL)
		why = class->encode_command(w->sink, &b->text, c, record->received);
	if (why == NULL) {
		batch_add(b, record, at, false);
		return (struct rejection){ 0 };
	}
	return (struct rejection){ .reject = REJECT_BAD_COMMAND,
		.detail = span_of_text(why),
		.host = c->host,
		.service = c->service };
}

static void take_command(struct worker *w, const struct record *record)
{
	const struct config *c = w->env.config;
	struct rejection rejection;

	if (!routes_lead(c->routes, c->route_count, record->topic, record->naming,
			    record->command.host, w->env.output) ||
			!routes_pass_command(c->routes, c->route_count, record->topic,
					w->env.output, record->command.kind) ||
			was_carried_out(w, record))
		return;
	rejection = encode_command_of(w, record);
	if (rejection.reject != REJECT_NONE && record->sequence > w->seen)
		worker_answer(w, &rejection, record->topic, record->source);
}

/* Does a route lead the record to this output, which is a relay? */
static bool is_for_relay(const struct worker *w, const struct record *record)
{
	const struct config *c = w->env.config;

	if (record->kind == RECORD_MESSAGE)
		return routes_pass_message(c->routes, c->route_count, record->topic, w->env.output);
	return record->kind == RECORD_RESULT &&
	       routes_lead(c->routes, c->route_count, record->topic, record->naming,
			       record->result.host, w->env.output);
}

/* Of a relay: whoever published it hears nothing of it from here. */
static void relay_record(struct worker *w, const struct record *record)
{
	struct batch *b = worker_gathering(w);

	if (!is_for_relay(w, record))
		return;
	if (backlog_drops(&w->backlog, record->sequence))
		count_up(&w->health.counters.dropped, 1);
	else if (w->sink->class->encode_record(w->sink, &b->text, record))
		batch_add_quiet(b);
}

static void take_record(struct worker *w, const struct record *record)
{
	const struct config *c = w->env.config;

	if (w->sink->class->encode_record != NULL) {
		relay_record(w, record);
		return;
	}
	if (record->kind == RECORD_COMMAND)
		take_command(w, record);
	if (record->kind != RECORD_RESULT)
		return;
	if (routes_lead(c->routes, c->route_count, record->topic, record->naming,
			    record->result.host, w->env.output))
		take_result(w, record);
	else if (!routes_match(c->routes, c->route_count, record->topic))
		take_unrouted(w, record);
}

static bool is_full(struct worker *w)
{
	const struct batch *b = worker_gathering(w);

	/* What is outdated goes before the batch does, but is not to fill the memory either. */
	return b->results - b->outdated >= w->config->batch_results ||
	       b->text.len >= w->config->batch_size * (w->config->coalesce ? 16 : 1) ||
	       b->texts.len >= MAX_BATCH_TEXTS;
}

static bool gather_one(void *owner, const struct record *record)
{
	struct worker *w = owner;
	struct batch *b = worker_gathering(w);

	take_record(w, record);
	if (record->sequence > w->seen)
		w->seen = record->sequence;
	if (b->first == 0) {
		b->first = record->sequence;
		if (w->config->linger > 0)
			w->gathering_since = instant_now();
	}
	b->last = record->sequence;
	return !is_full(w);
}

/*
 * Is what waits for this output about to fill the journal, and to stop the others with it? With
 * drop_newest what was passed over stays in it, behind what waits.
 */
static bool crowds(const struct worker *w, uint64_t position, const struct journal_status *journal)
{
	return journal->bytes > journal->max_bytes / 4 * 3 && journal->head > position &&
	       journal->head - position > w->backlog.limit;
}

struct skip {
	const struct worker *worker;
	uint64_t last;	/* that goes */
	uint64_t count; /* of those that were for this output */
};

static bool skip_one(void *owner, const struct record *record)
{
	struct skip *s = owner;

	if (record->sequence <= s->last)
		s->count += is_for_relay(s->worker, record);
	return record->sequence < s->last && !s->worker->stopping;
}

/* Drop the records up to `last`. Returns how far that came: not all the way when the end is near.
 */
static uint64_t skip(struct worker *w, uint64_t last)
{
	struct skip s = { .worker = w, .last = last };
	uint64_t at = w->position;

	if (journal_scan(w->env.journal, &at, skip_one, &s) < 0)
		return w->position; /* reading on will say why */
	count_up(&w->health.counters.dropped, s.count);
	/* The last one may itself be damaged, or gone. */
	return at > last || !w->stopping ? last : at;
}

/* More waits than may: the oldest goes, or what is new will. */
static void look_at_backlog(struct worker *w)
{
	struct batch *b = worker_gathering(w);
	/* What somebody wants to have again does not wait: it has been there. */
	uint64_t position = w->position > w->replayed ? w->position : w->replayed, from;
	struct journal_status journal;

	if (w->backlog.policy == BACKLOG_BLOCK)
		return;
	journal = journal_status(w->env.journal);
	from = backlog_look(&w->backlog, position, journal.head);
	if (crowds(w, position, &journal))
		from = journal.head - w->backlog.limit;
	if (from == position)
		return;
	from = skip(w, from);
	if (from == w->position)
		return;
	w->position = from;
	/* A batch that is out for ever does not keep in the journal what comes behind it. */
	worker_move_place(w, from);
	if (b->first == 0)
		b->first = from;
	b->last = from;
}

struct instant worker_due_at(const struct worker *w)
{
	return instant_after(w->gathering_since, milliseconds((int64_t)w->config->linger));
}

bool worker_is_due(struct worker *w)
{
	return w->config->linger == 0 || w->stopping || is_full(w) ||
	       instant_reached(worker_due_at(w), instant_now());
}

void worker_gather(struct worker *w)
{
	int r;

	look_at_backlog(w);
	if (is_full(w))
		return;
	r = journal_reader_read(w->reader, &w->position, gather_one, w);
	if (r < 0 && !w->read_failed)
		log_error_errno(r, "output \"%s\": the journal cannot be read", w->config->name);
	w->read_failed = r < 0;
}
