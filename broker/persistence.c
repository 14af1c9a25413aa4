/* SPDX-License-Identifier: MIT */
#include "broker/persistence.h"

#include <errno.h>
#include <inttypes.h>

#include "broker/core/restore.h"
#include "broker/io/connection.h"
#include "broker/store/load.h"
#include "broker/store/store.h"
#include "common/log.h"
#include "common/mem.h"

/* Why what has gathered is to be committed, the most urgent first. */
enum haste {
	PASSING, /* most of it will be over soon: the earlier part of the batch */
	RESTING, /* nobody waits: traces of what is over */
	HASTES
};

/*
 * How long it may wait while messages flow. A commit that comes all the same writes what is under
 * way at that time, too: removing that again must not be the reason for the next one.
 */
static const int patience_ms[HASTES] = { 40, 1000 };
static const int busy_patience_ms[HASTES] = { 200, 1000 };

enum {
	PACE_MS = 20,	  /* ledger_pace() */
	PAUSE_MS = 2,	  /* between commits that are pressing, while messages flow */
	STOP_SECONDS = 5, /* for the last commits; systemd gives 90 for everything */
	RETRY_SECONDS = 1,
	STUCK_SECONDS = 5, /* for one commit: a disk that does not answer is as bad as a full one */
};

struct persistence {
	struct reactor *reactor;
	struct sys *sys;
	struct store *store; /* NULL: closed, or not opened */
	char *folder;
	struct duration interval; /* of persistence_sync; 0: commit */
	ev_async committed;
	ev_timer timer;		      /* something is due, or a commit takes too long */
	struct instant wakes;	      /* when that is */
	struct instant since[HASTES]; /* it has gathered; INSTANT_NEVER: there is none */
	struct instant paced;	      /* ledger_pace(), the last time */
	struct instant sealed;	      /* the last batch was */
	int error;		      /* that was told */
};

/* From the store's thread. */
static void wake(void *owner)
{
	struct persistence *p = owner;

	ev_async_send(p->reactor->loop, &p->committed);
}

static void on_committed(struct ev_loop *loop, ev_async *watcher, int events)
{
	(void)loop;
	(void)watcher;
	(void)events; /* the end of the turn looks after it */
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)events;
	ev_timer_stop(loop, watcher);
}

/* --- commits --------------------------------------------------------------------------------- */

static void tell_trouble(struct persistence *p, int error)
{
	if (error == p->error)
		return;
	if (error == -ESTALE)
		log_error("store %s: was removed or replaced while it was in use; put it back as "
			  "it was, or restart the broker without what it held: nothing is "
			  "acknowledged that would have to be kept",
				p->folder);
	else if (error == -ETIMEDOUT)
		log_error("store %s: the disk has not answered for %d s; QoS 1 and 2 messages that "
			  "would have to be kept are refused until it does",
				p->folder, STUCK_SECONDS);
	else if (error != 0)
		log_error_errno(error,
				"store %s: cannot be written; QoS 1 and 2 messages that would have "
				"to be kept are refused until it can (tried again every second)",
				p->folder);
	else
		log_notice("store %s: can be written again", p->folder);
	p->error = error;
}

static struct instant stuck_at(const struct persistence *p)
{
	return instant_after(p->sealed, seconds(STUCK_SECONDS));
}

static int find_trouble(const struct persistence *p)
{
	int error = store_error(p->store);

	if (error == 0 && p->reactor->shard->ledger.sealed != NULL &&
			instant_reached(stuck_at(p), p->reactor->now))
		return -ETIMEDOUT;
	return error;
}

/* What the store cannot keep is not taken over from anybody. */
static void watch_store(struct persistence *p)
{
	struct shard *shard = p->reactor->shard;
	int error = find_trouble(p);

	tell_trouble(p, error);
	shard->ledger.is_full = error == -ENOSPC && !store_is_failing(p->store);
	if (shard->ledger.is_failing != (error != 0))
		shard_set_failing(shard, error != 0, p->reactor->now);
}

static struct duration to_wall(void)
{
	return nanoseconds(wall_time_now().ns - instant_now().ns);
}

static void seal(struct persistence *p)
{
	for (int i = 0; i < HASTES; i++)
		p->since[i] = INSTANT_NEVER;
	p->sealed = p->reactor->now;
	store_commit(p->store, ledger_seal(&p->reactor->shard->ledger, to_wall()));
}

static void note_since(struct persistence *p, enum haste haste, bool has_gathered)
{
	if (!has_gathered)
		p->since[haste] = INSTANT_NEVER;
	else if (p->since[haste].ns == INSTANT_NEVER.ns)
		p->since[haste] = p->reactor->now;
}

/* When what has gathered is given to the store. */
static struct instant find_due(struct persistence *p)
{
	struct ledger *ledger = &p->reactor->shard->ledger;
	const int *ms = ledger->pace.is_busy ? busy_patience_ms : patience_ms;
	struct instant due = INSTANT_NEVER;

	if (p->interval.ns > 0) {
		note_since(p, RESTING, true);
		return instant_after(p->since[RESTING], p->interval);
	}
	if (!ledger->pace.is_flowing)
		return p->reactor->now;
	if (ledger_settle(ledger))
		p->since[PASSING] = INSTANT_NEVER; /* another part waits from now on */
	if (ledger_is_pressing(ledger))
		due = instant_after(p->sealed, milliseconds(PAUSE_MS));
	note_since(p, PASSING, ledger->waiting != NULL);
	note_since(p, RESTING, true);
	for (int i = 0; i < HASTES; i++) {
		if (p->since[i].ns != INSTANT_NEVER.ns)
			due = instant_earlier(due, instant_after(p->since[i], milliseconds(ms[i])));
	}
	return due;
}

static void wake_at(struct persistence *p, struct instant due)
{
	if (ev_is_active(&p->timer) && instant_reached(p->wakes, due))
		return; /* then it is seen what is due */
	ev_timer_stop(p->reactor->loop, &p->timer);
	ev_timer_set(&p->timer, duration_seconds(instant_between(p->reactor->now, due)), 0.);
	ev_timer_start(p->reactor->loop, &p->timer);
	p->wakes = due;
}

/* Give the store what has gathered, now or when that was given its time. */
static void go_on(struct persistence *p)
{
	struct instant due = find_due(p);

	if (instant_reached(due, p->reactor->now))
		seal(p);
	else
		wake_at(p, due);
}

static void nothing_left(struct persistence *p)
{
	struct ledger *ledger = &p->reactor->shard->ledger;

	for (int i = 0; i < HASTES; i++)
		p->since[i] = INSTANT_NEVER;
	if (ledger->waiting != NULL || ledger->open->message_count > 0)
		ledger_committed(ledger);
}

static void watch_pace(struct persistence *p)
{
	if (!instant_reached(instant_after(p->paced, milliseconds(PACE_MS)), p->reactor->now))
		return;
	ledger_pace(&p->reactor->shard->ledger);
	p->paced = p->reactor->now;
}

static void end_turn(void *owner)
{
	struct persistence *p = owner;
	struct ledger *ledger = &p->reactor->shard->ledger;

	if (ledger->sealed != NULL && store_finished(p->store) != NULL)
		ledger_committed(ledger);
	watch_store(p);
	watch_pace(p);
	if (ledger->sealed == NULL && ledger_is_empty(ledger))
		nothing_left(p);
	else if (ledger->sealed == NULL)
		go_on(p);
	if (ledger->sealed != NULL && p->error == 0)
		wake_at(p, stuck_at(p)); /* there may be no other turn before */
}

/* --- start and end --------------------------------------------------------------------------- */

static struct policy *find_policy(void *owner, struct span listener)
{
	const struct resources *resources = owner;

	for (size_t i = 0; i < resources->count; i++) {
		if (span_equal_text(listener, resources->listeners[i].name))
			return resources->listeners[i].policy;
	}
	return resources->listeners[0].policy;
}

static void fill_figures(void *owner, struct figures *f)
{
	struct store_status status = store_status(((struct persistence *)owner)->store);

	f->store_failing = status.error != 0;
	f->store_commits = status.commits;
	f->store_failures = status.failures;
	f->store_records_written = status.records_put;
	f->store_records_removed = status.records_removed;
	f->store_bytes_used = status.bytes_used;
	f->store_bytes = status.bytes_file;
	f->store_last_commit_microseconds = (uint64_t)status.last_commit.ns / 1000;
	f->store_longest_commit_microseconds = (uint64_t)status.longest_commit.ns / 1000;
}

static bool load(struct persistence *p, const struct resources *resources)
{
	const struct store_policies policies = { .owner = (void *)(uintptr_t)resources,
		.find = find_policy };
	struct store_summary found;
	struct instant begun = instant_now();
	int error = store_load(
			p->store, p->reactor->shard, &policies, begun, wall_time_now(), &found);

	if (error < 0) {
		log_error_errno(error, "store %s: cannot be read", p->folder);
		return false;
	}
	log_notice("store %s: %" PRIu64 " sessions, %" PRIu64 " messages for them, %" PRIu64
		   " retained messages, read in %.1f s",
			p->folder, found.sessions, found.deliveries, found.retained,
			duration_seconds(instant_between(begun, instant_now())));
	if (found.lost > 0)
		log_warn("store %s: %" PRIu64 " records were damaged or belonged to nothing, and "
			 "are lost",
				p->folder, found.lost);
	return true;
}

bool persistence_start(struct reactor *r, struct sys *sys, const struct config *config,
		const struct resources *resources, struct persistence **ret)
{
	struct persistence *p;
	struct store_options options = {
		.max_bytes = config->max_store_bytes, .retry = seconds(RETRY_SECONDS), .wake = wake
	};

	*ret = NULL;
	if (!config->persistence)
		return true;
	p = *ret = xcalloc(1, sizeof(*p));
	p->reactor = r;
	p->sys = sys;
	p->folder = config_store_folder(config);
	p->interval = seconds((int64_t)config->store_interval);
	for (int i = 0; i < HASTES; i++)
		p->since[i] = INSTANT_NEVER;
	p->paced = p->sealed = r->now;
	ev_async_init(&p->committed, on_committed);
	ev_async_start(r->loop, &p->committed);
	ev_timer_init(&p->timer, on_timer, 0., 0.);
	options.folder = p->folder;
	options.owner = p;
	if (store_open(&options, &p->store) < 0 || !load(p, resources))
		return false;
	r->shard->ledger.is_prompt = p->interval.ns == 0;
	r->end_of_turn = (struct reactor_hook){ end_turn, p };
	sys_set_source(sys, fill_figures, p);
	return true;
}

/* The loop does not turn any more: wait for the store's thread. */
static bool wait_for_commit(struct persistence *p, struct instant until)
{
	while (store_finished(p->store) == NULL) {
		if (store_is_failing(p->store) || instant_reached(until, instant_now()))
			return false;
		store_wait(p->store, milliseconds(50));
	}
	ledger_committed(&p->reactor->shard->ledger);
	return true;
}

static bool commit_rest(struct persistence *p)
{
	struct ledger *ledger = &p->reactor->shard->ledger;
	struct instant until = instant_after(instant_now(), seconds(STOP_SECONDS));

	if (ledger->sealed != NULL && !wait_for_commit(p, until))
		return false;
	if (ledger_is_empty(ledger))
		return true;
	seal(p);
	return wait_for_commit(p, until);
}

void persistence_stop(struct persistence *p)
{
	if (p == NULL || p->store == NULL)
		return;
	p->reactor->end_of_turn = (struct reactor_hook){ 0 };
	if (!commit_rest(p))
		log_error("store %s: the last changes could not be written%s", p->folder,
				p->interval.ns > 0 ? ", as persistence_sync allows"
						   : "; nothing of them was acknowledged");
	ledger_stop(&p->reactor->shard->ledger);
	/* Its thread wakes the loop, which it must not outlive. */
	store_close(p->store);
	p->store = NULL;
	sys_set_source(p->sys, NULL, NULL);
}

void persistence_destroy(struct persistence *p)
{
	if (p == NULL)
		return;
	p->reactor->end_of_turn = (struct reactor_hook){ 0 };
	store_close(p->store);
	ev_async_stop(p->reactor->loop, &p->committed);
	ev_timer_stop(p->reactor->loop, &p->timer);
	free(p->folder);
	free(p);
}
