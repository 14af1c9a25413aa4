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

enum {
	LINGER_MS = 1,	  /* while messages pass on without the disk */
	STOP_SECONDS = 5, /* for the last commits; systemd gives 90 for everything */
	RETRY_SECONDS = 1,
};

struct persistence {
	struct reactor *reactor;
	struct sys *sys;
	struct store *store; /* NULL: closed, or not opened */
	char *folder;
	struct duration interval; /* of persistence_sync; 0: commit */
	ev_async committed;
	ev_timer timer;		  /* the end of the linger or of the interval */
	struct instant gathering; /* since when; INSTANT_NEVER: nothing has gathered */
	uint64_t refused_before;  /* counter, when the store began to fail */
	bool is_lingering;	  /* the last batches were mostly undone before they were due */
	int error;		  /* that was told */
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
	else if (error != 0)
		log_error_errno(error,
				"store %s: cannot be written; QoS 1 and 2 messages that would have "
				"to be kept are refused until it can (tried again every second)",
				p->folder);
	else
		log_notice("store %s: can be written again", p->folder);
	p->error = error;
}

/* What the store cannot keep is not taken over from anybody. */
static void watch_store(struct persistence *p)
{
	struct shard *shard = p->reactor->shard;
	int error = store_error(p->store);

	tell_trouble(p, error);
	shard->ledger.is_full = error != 0 && !store_is_failing(p->store);
	if (shard->ledger.is_failing != (error != 0))
		shard_set_failing(shard, error != 0, p->reactor->now);
}

static struct duration to_wall(void)
{
	return nanoseconds(wall_time_now().ns - instant_now().ns);
}

static void seal(struct persistence *p)
{
	struct ledger *ledger = &p->reactor->shard->ledger;

	p->is_lingering = ledger_flows(ledger);
	p->gathering = INSTANT_NEVER;
	store_commit(p->store, ledger_seal(ledger, to_wall()));
}

static struct duration patience(const struct persistence *p)
{
	if (p->interval.ns > 0)
		return p->interval;
	return milliseconds(p->is_lingering ? LINGER_MS : 0);
}

/* Give the store what has gathered, now or when that was given its time. */
static void go_on(struct persistence *p)
{
	struct instant now = p->reactor->now, due;

	if (p->gathering.ns == INSTANT_NEVER.ns)
		p->gathering = now;
	due = instant_after(p->gathering, patience(p));
	if (instant_reached(due, now)) {
		seal(p);
	} else if (!ev_is_active(&p->timer)) {
		ev_timer_set(&p->timer, duration_seconds(instant_between(now, due)), 0.);
		ev_timer_start(p->reactor->loop, &p->timer);
	}
}

static void end_turn(void *owner)
{
	struct persistence *p = owner;
	struct ledger *ledger = &p->reactor->shard->ledger;

	if (ledger->sealed != NULL && store_finished(p->store) != NULL)
		ledger_committed(ledger);
	watch_store(p);
	if (ledger->sealed != NULL)
		return;
	if (!ledger_is_empty(ledger)) {
		go_on(p);
		return;
	}
	p->gathering = INSTANT_NEVER;
	if (ledger->noted > 0)
		p->is_lingering = true; /* all of it has passed on */
	if (ledger->waiting != NULL || ledger->noted > 0)
		ledger_committed(ledger);
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
	p->gathering = INSTANT_NEVER;
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
