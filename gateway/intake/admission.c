/* SPDX-License-Identifier: MIT */
#include "gateway/intake/admission.h"

#include <pthread.h>
#include <sys/eventfd.h>

#include "common/hash.h"
#include "common/log.h"
#include "common/mem.h"
#include "gateway/intake/admit.h"

enum {
	SILENCES_AT_ONCE = 1000, /* in one commit; more follow at once */
	FLUSH_MS = 1000,
};

struct admission {
	struct admission_env env;
	struct outbound *const *outbounds;
	size_t outbound_count;

	int due_fd;

	pthread_mutex_t lock; /* guards what follows */
	struct instant told;  /* to the keeper: when there is something to do */
	struct admit admit;
	struct standings *standings;
	struct instant flush_at;
	bool flush_failed; /* was said */
	bool is_closed;
	uint64_t flushed_to;
	struct str flushed; /* keys and values on their way to the disk */
	struct journal_change *changes;
	size_t change_count, change_capacity;
};

static struct standing_policy policy_of(const struct config *c)
{
	return (struct standing_policy){
		.max_age = seconds((int64_t)c->max_age),
		.when_old = (enum stamp_policy)c->when_old,
		.max_skew = seconds((int64_t)c->max_skew),
		.when_new = (enum stamp_policy)c->when_new,
		.id_window = seconds((int64_t)c->id_window),
		.max_objects = (size_t)c->max_objects,
		.max_ids = (size_t)c->max_ids,
		.grace = seconds((int64_t)c->grace),
	};
}

/* --- what is known, from disk and back ---------------------------------------------------- */

struct loading {
	struct admission *admission;
	struct arrival arrival;
	size_t strange;
};

static void load_entry(void *owner, struct span key, struct span value)
{
	struct loading *l = owner;

	if (!standings_load(l->admission->standings, key, value, &l->arrival))
		l->strange++;
}

/* The instant that lies as far back as the time does; never in the future. */
static struct instant instant_at(const struct arrival *present, struct wall_time time)
{
	int64_t ago = present->received.ns - time.ns;

	return (struct instant){ present->now.ns - (ago > 0 ? ago : 0) };
}

/* A record that was taken after what is known was written down. */
static bool take_again(void *owner, const struct record *record)
{
	struct loading *l = owner;
	struct arrival arrival = { .received = record->received,
		.now = instant_at(&l->arrival, record->received),
		.retained = record->retain,
		.from_silence = record->is_own };

	admit_again(&l->admission->admit, record, &arrival);
	return true;
}

static bool load(struct admission *a)
{
	struct standing_policy policy = policy_of(a->env.config);
	struct loading l = { .admission = a,
		.arrival = { .received = wall_time_now(), .now = instant_now() } };
	uint64_t after;
	int r;

	states_clear(a->admit.states);
	standings_destroy(a->standings);
	a->standings = a->admit.standings = standings_create(&policy, hash_seed());
	r = journal_state_each(a->env.journal, load_entry, &l, &after);
	if (r == 0)
		r = journal_scan(a->env.journal, &after, take_again, &l);
	if (l.strange > 0)
		log_warn("journal: %zu entries of what is known of hosts and services cannot be "
			 "read and are left out",
				l.strange);
	if (r < 0)
		log_error_errno(r, "journal: what is known of hosts and services cannot be read");
	standings_hold(a->standings, l.arrival.now);
	return r == 0;
}

/* The bytes go to `flushed`, which may still move; where they are is filled in when all are there.
 */
static void add_change(void *owner, struct span key, struct span value)
{
	struct admission *a = owner;
	struct journal_change change = { .key.len = key.len, .value.len = value.len };

	a->changes = grow_array(
			a->changes, a->change_count, &a->change_capacity, sizeof(*a->changes));
	a->changes[a->change_count++] = change;
	str_append(&a->flushed, key);
	str_append(&a->flushed, value);
}

static void gather_changes(struct admission *a)
{
	struct span rest;

	a->change_count = 0;
	str_clear(&a->flushed);
	standings_flush(a->standings, add_change, a);
	rest = str_span(&a->flushed);
	for (size_t i = 0; i < a->change_count; i++) {
		struct journal_change *c = &a->changes[i];

		c->key = span_first(rest, c->key.len);
		rest = span_from(rest, c->key.len);
		c->value = span_first(rest, c->value.len);
		rest = span_from(rest, c->value.len);
	}
}

/* With the lock held, so that what is known is what the records up to the head say. */
static void flush(struct admission *a, struct instant now)
{
	uint64_t head = journal_status(a->env.journal).head;
	int r;

	if (a->is_closed)
		return;
	a->flush_at = instant_after(now, milliseconds(FLUSH_MS));
	gather_changes(a);
	if (a->change_count == 0 && head == a->flushed_to)
		return;
	r = journal_state_put(a->env.journal, head, a->changes, a->change_count);
	if (r == 0) {
		standings_flushed(a->standings);
		a->flushed_to = head;
	} else if (!a->flush_failed) {
		log_error_errno(r,
				"journal: what is known of hosts and services cannot be written; "
				"trying again");
	}
	a->flush_failed = r < 0;
}

/* --- taking ------------------------------------------------------------------------------- */

static void send_answer(struct admission *a, struct outbound_message *m, struct wall_time now)
{
	enum counter dropped = COUNT_REJECTS_DROPPED;
	struct str end = { 0 };

	if (m->kind == OUTBOUND_RECEIPT) {
		dropped = COUNT_RECEIPTS_DROPPED;
		receipt_format_end(&end, m->since, now);
		outbound_message_append(m, str_span(&end));
		str_finish(&end);
	}
	if (!outbound_push(a->outbounds[m->source % a->outbound_count], m))
		count(a->env.counters, dropped, 1);
}

/* Before an output can say what became of a result, its publisher hears that it was taken. */
static void send_answers(void *owner)
{
	struct admission *a = owner;
	struct wall_time now = wall_time_now();

	while (a->admit.answers != NULL) {
		struct outbound_message *m = a->admit.answers;

		a->admit.answers = m->next;
		send_answer(a, m, now);
	}
}

/* With the lock held: what was admitted becomes true, or nothing of it. */
static int commit(struct admission *a)
{
	int r = journal_append(a->env.journal, &a->admit.records, send_answers, a);

	if (r == 0) {
		admit_clear(&a->admit);
		return 0;
	}
	admit_clear(&a->admit);
	load(a);
	return r;
}

static struct instant next_due(const struct admission *a)
{
	return instant_earlier(standings_next(a->standings), states_next(a->admit.states));
}

int admission_take(struct admission *a, const struct record_batch *messages)
{
	struct span rest = str_span(&messages->bytes);
	struct arrival arrival = { .now = instant_now() };
	int r;

	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; i < messages->count; i++) {
		struct record message = { 0 };

		if (record_decode(span_first(rest, messages->sizes[i]), &message)) {
			arrival.received = message.received;
			arrival.retained = message.retain;
			admit_message(&a->admit, &message, &arrival);
		}
		rest = span_from(rest, messages->sizes[i]);
	}
	r = commit(a);
	if (instant_before(next_due(a), a->told)) {
		a->told = (struct instant){ 0 };
		eventfd_write(a->due_fd, 1);
	}
	pthread_mutex_unlock(&a->lock);
	return r;
}

/* --- time --------------------------------------------------------------------------------- */

struct falling_silent {
	struct admission *admission;
	struct arrival arrival;
};

static void fall_silent(void *owner, const struct silence *silence)
{
	struct falling_silent *f = owner;

	admit_silence(&f->admission->admit, silence, &f->arrival);
}

struct instant admission_tick(struct admission *a, struct instant now)
{
	struct falling_silent f = { a,
		{ .received = wall_time_now(), .now = now, .from_silence = true } };
	struct instant next;
	eventfd_t count;

	pthread_mutex_lock(&a->lock);
	eventfd_read(a->due_fd, &count);
	if (journal_has_room(a->env.journal) &&
			standings_due(a->standings, now, SILENCES_AT_ONCE, fall_silent, &f) > 0) {
		admit_silences(&a->admit, &f.arrival);
		commit(a);
	}
	if (instant_reached(a->flush_at, now) || !journal_has_room(a->env.journal))
		flush(a, now);
	states_publish(a->admit.states, now, a->outbounds);
	next = a->told = next_due(a);
	pthread_mutex_unlock(&a->lock);
	return next;
}

void admission_hold(struct admission *a, struct instant now)
{
	pthread_mutex_lock(&a->lock);
	standings_hold(a->standings, now);
	pthread_mutex_unlock(&a->lock);
}

void admission_close(struct admission *a)
{
	pthread_mutex_lock(&a->lock);
	flush(a, instant_now());
	states_close(a->admit.states);
	a->is_closed = true;
	pthread_mutex_unlock(&a->lock);
}

size_t admission_publish_states(struct admission *a, size_t broker)
{
	size_t left;

	pthread_mutex_lock(&a->lock);
	left = states_publish_rest(a->admit.states, broker, a->outbounds[broker]);
	pthread_mutex_unlock(&a->lock);
	return left;
}

/* --- life --------------------------------------------------------------------------------- */

struct admission *admission_create(const struct admission_env *env)
{
	struct admission *a = xcalloc(1, sizeof(*a));

	a->env = *env;
	a->due_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&a->lock, NULL);
	admit_init(&a->admit, env->config, env->counters);
	a->admit.states = states_create(env->config->state_rate, env->config->client_id,
			env->config->broker_count, hash_seed());
	if (load(a))
		return a;
	admission_destroy(a);
	return NULL;
}

static void say_unpublished(const struct admission *a)
{
	size_t n = a->is_closed ? states_count(a->admit.states) : 0;

	if (n > 0)
		log_warn("%zu last states were not published any more on belfry/state/...: the "
			 "broker did not take them in time",
				n);
}

void admission_destroy(struct admission *a)
{
	if (a == NULL)
		return;
	if (a->outbounds != NULL)
		admission_close(a);
	say_unpublished(a);
	standings_destroy(a->standings);
	states_destroy(a->admit.states);
	admit_finish(&a->admit);
	close(a->due_fd);
	pthread_mutex_destroy(&a->lock);
	str_finish(&a->flushed);
	free(a->changes);
	free(a);
}

void admission_connect(
		struct admission *a, struct outbound *const *outbounds, size_t outbound_count)
{
	a->outbounds = outbounds;
	a->outbound_count = outbound_count;
}

int admission_fd(const struct admission *a)
{
	return a->due_fd;
}
