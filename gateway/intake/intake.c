/* SPDX-License-Identifier: MIT */
#include "gateway/intake/intake.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "common/log.h"
#include "common/mem.h"
#include "gateway/intake/admit.h"
#include "gateway/intake/link.h"
#include "gateway/intake/message.h"

enum {
	BATCH_BYTES = 4 * 1024 * 1024,
	TICK_MS = 1000,		  /* keep-alive and the like are looked after this often */
	FULL_POLL_MS = 50,	  /* with the journal full, whether there is room again */
	FULL_PATIENCE_MS = 20000, /* then the connection is given back */
	PROBE_BYTES = 1024 * 1024,
	PROBE_MS = 500,	    /* a journal that cannot be written is tried this often */
	STATES_MS = 5000,   /* for the last states that wait to go out, at the end */
	FAREWELL_MS = 2000, /* and then for the last messages of ours to be acknowledged */
};

struct intake {
	struct intake_env env;
	const struct config *config;
	struct outbound *outbound;
	pthread_t thread;
	bool running;
	_Atomic bool stopping;
	const char *farewell; /* the status at the end; set before `stopping` */
	_Atomic uint64_t turns;

	/* The thread's own from here, but for link.connecting. */
	struct link link;
	struct instant tick_at, full_since, status_at;
	bool is_full;
	bool commit_failed;
	uint64_t problems; /* that the status was published with last */
	uint64_t received; /* messages, to see whether a read brought one */
	struct wall_time now;
	struct message message;
	struct record_batch batch;
	struct str text;
};

/* --- what is said -------------------------------------------------------------------------- */

static void push_status(struct intake *i, const char *state)
{
	str_clear(&i->text);
	i->problems = i->env.problems(i->env.owner);
	i->env.status(i->env.owner, state, &i->text);
	outbound_push(i->outbound,
			outbound_message_create(OUTBOUND_STATUS, str_span(&i->link.status_topic),
					str_span(&i->text), (struct span){ 0 }));
	i->status_at = i->config->status_interval == 0
				       ? INSTANT_NEVER
				       : instant_after(instant_now(),
							 seconds((int64_t)i->config->status_interval));
}

/* --- what the link calls back -------------------------------------------------------------- */

static void on_message(void *owner, const struct mosquitto_message *message,
		const mosquitto_property *properties)
{
	struct intake *i = owner;
	struct record *r = &i->message.record;

	message_read(&i->message, message, properties);
	r->received = i->now;
	r->source = (unsigned)i->env.broker;
	i->received++;
	if (span_equal(r->topic, str_span(&i->link.ask_topic)))
		i->env.question(i->env.owner, r);
	else if (admit_takes(i->config, r->topic))
		record_batch_add(&i->batch, r);
	else
		count(i->env.counters, COUNT_MESSAGES_OWN, 1);
}

static void on_accepted(void *owner)
{
	struct intake *i = owner;

	push_status(i, "online");
}

static void append_will(void *owner, struct str *into)
{
	struct intake *i = owner;

	i->env.status(i->env.owner, "offline", into);
}

/* --- the turn ------------------------------------------------------------------------------ */

/*
 * Read until nothing comes any more. errno says nothing here: libmosquitto leaves EAGAIN behind
 * after every acknowledgement, because the wake-up pipe for a loop of its own is never drained.
 */
static void read_all(struct intake *i)
{
	uint64_t before;

	i->now = wall_time_now();
	do {
		before = i->received;
		link_read(&i->link);
	} while (!i->link.lost && i->received != before &&
			i->batch.count < i->config->receive_maximum &&
			i->batch.bytes.len < BATCH_BYTES);
}

static void count_batch(struct intake *i)
{
	count(i->env.counters, COUNT_MESSAGES_RECEIVED, i->batch.count);
	count(i->env.counters, COUNT_BYTES_RECEIVED, i->batch.bytes.len);
	count(i->env.counters, COUNT_COMMITS, 1);
}

/*
 * Returns false when the batch is not on disk: then its acknowledgements must never be written, so
 * the connection goes, and the broker sends all of it again.
 */
static bool commit_batch(struct intake *i)
{
	int r;

	if (i->batch.count == 0)
		return true;
	r = admission_take(i->env.admission, &i->batch);
	if (r == 0)
		count_batch(i);
	else
		count(i->env.counters, COUNT_COMMITS_FAILED, 1);
	record_batch_clear(&i->batch);
	if (r < 0 && !i->commit_failed)
		log_error_errno(r, "journal: cannot be written; no messages are taken until it can "
				   "be again");
	i->commit_failed = r < 0;
	return r == 0;
}

/* With the journal full: wait, and in the end give the connection back. */
static void check_room(struct intake *i, struct instant now)
{
	bool full;

	if (i->is_full || !journal_has_room(i->env.journal))
		journal_maintain(i->env.journal); /* what is confirmed may not be trimmed yet */
	/* Once full, a tenth has to be free again, so that it does not come and go. */
	full = i->is_full ? !journal_has_room_again(i->env.journal)
			  : !journal_has_room(i->env.journal);
	if (full && !i->is_full) {
		i->full_since = now;
		log_warn("journal: full (journal_max_size): taking no more messages from the "
			 "broker until an output has caught up");
		push_status(i, "full");
	} else if (!full && i->is_full) {
		log_notice("journal: has room again");
		push_status(i, "online");
	}
	i->is_full = full;
}

static void tick(struct intake *i, struct instant now)
{
	i->tick_at = instant_after(now, milliseconds(TICK_MS));
	link_tick(&i->link, now);
	journal_maintain(i->env.journal);
	if (i->link.connected && (instant_reached(i->status_at, now) ||
						 i->problems != i->env.problems(i->env.owner)))
		push_status(i, i->is_full ? "full" : "online");
}

static int wait_time(const struct intake *i, struct instant until, struct instant now)
{
	int64_t ms = duration_milliseconds(instant_between(now, until)) + 1;

	if (i->is_full && ms > FULL_POLL_MS)
		ms = FULL_POLL_MS;
	return ms < 0 ? 0 : ms > TICK_MS ? TICK_MS : (int)ms;
}

static void wait_for_retry(struct intake *i, struct instant now)
{
	struct pollfd fd = { outbound_fd(i->outbound), POLLIN, 0 };

	poll(&fd, 1, wait_time(i, i->link.retry_at, now));
	outbound_rest(i->outbound);
	journal_maintain(i->env.journal);
}

static void turn(struct intake *i, struct instant now)
{
	struct pollfd fds[2] = { { mosquitto_socket(i->link.client), 0, 0 },
		{ outbound_fd(i->outbound), POLLIN, 0 } };

	if (!i->is_full)
		fds[0].events |= POLLIN;
	if (mosquitto_want_write(i->link.client))
		fds[0].events |= POLLOUT;
	if (poll(fds, 2, wait_time(i, i->tick_at, now)) < 0 && errno != EINTR)
		return;
	if (fds[1].revents & POLLIN)
		outbound_rest(i->outbound);
	if (fds[0].revents & (POLLIN | POLLERR | POLLHUP))
		read_all(i);
	if (!commit_batch(i))
		link_break(&i->link, "given up by us, the journal cannot be written");
	if (i->link.lost)
		return;
	link_publish(&i->link);
	link_write(&i->link);
}

static void run_connected(struct intake *i)
{
	struct link *l = &i->link;
	struct instant now;

	turn(i, instant_now());
	now = instant_now();
	if (!l->lost && l->connected)
		check_room(i, now);
	if (!l->lost && instant_reached(i->tick_at, now))
		tick(i, now);
	if (l->lost) {
		link_end(l);
	} else if (i->is_full && duration_milliseconds(instant_between(i->full_since, now)) >=
						 FULL_PATIENCE_MS) {
		log_notice("%s: disconnecting until the journal has room", str_text(&l->name));
		link_leave(l);
		l->retry_at = now;
	}
}

/* False when the connection is lost, or `end` is reached. */
static bool last_turn(struct intake *i, struct instant end)
{
	struct instant now = instant_now();

	turn(i, now);
	if (!i->link.lost && instant_reached(i->tick_at, now)) {
		i->tick_at = instant_after(now, milliseconds(TICK_MS));
		link_tick(&i->link, now);
	}
	return !i->link.lost && !instant_reached(end, now);
}

/*
 * Those that waited for state_rate go out as fast as the broker acknowledges them. What is in the
 * outbound at the end goes before the status, or not at all.
 */
static void publish_states(struct intake *i)
{
	struct instant end = instant_after(instant_now(), milliseconds(STATES_MS));

	while (!i->link.lost && admission_publish_states(i->env.admission, i->env.broker) > 0 &&
			last_turn(i, end))
		;
}

static void say_goodbye(struct intake *i)
{
	struct instant end;

	if (i->link.client == NULL || !i->link.connected)
		return;
	i->is_full = false; /* the acknowledgements of our own messages must be read */
	publish_states(i);
	push_status(i, i->farewell);
	end = instant_after(instant_now(), milliseconds(FAREWELL_MS));
	while (!i->link.lost && last_turn(i, end) && link_has_in_flight(&i->link))
		;
}

/* After a failed commit: has what stood in the way gone? A small commit would prove little. */
static bool probe_journal(struct intake *i)
{
	AUTO_FREE uint8_t *bytes = xcalloc(1, PROBE_BYTES);
	int r = journal_note_put(i->env.journal, "probe", span_of(bytes, PROBE_BYTES));

	if (r == 0)
		r = journal_note_put(i->env.journal, "probe", span_of(bytes, 0));
	if (r < 0)
		return false;
	i->commit_failed = false;
	log_notice("journal: can be written again");
	return true;
}

static void *run(void *owner)
{
	struct intake *i = owner;

	while (!i->stopping) {
		struct instant now = instant_now();

		i->turns++;
		if (i->link.client != NULL) {
			run_connected(i);
		} else if (!instant_reached(i->link.retry_at, now)) {
			wait_for_retry(i, now);
		} else if (i->is_full && !journal_has_room_again(i->env.journal)) {
			journal_maintain(i->env.journal);
			i->link.retry_at = instant_after(now, milliseconds(FULL_POLL_MS));
		} else if (i->commit_failed && !probe_journal(i)) {
			i->link.retry_at = instant_after(now, milliseconds(PROBE_MS));
		} else {
			i->is_full = false;
			i->tick_at = instant_after(now, milliseconds(TICK_MS));
			link_connect(&i->link);
		}
	}
	say_goodbye(i);
	link_leave(&i->link);
	return NULL;
}

/* --- life ---------------------------------------------------------------------------------- */

struct intake *intake_create(const struct intake_env *env)
{
	struct intake *i = xcalloc(1, sizeof(*i));
	struct link_events events = { on_message, on_accepted, append_will, i };

	i->env = *env;
	i->config = env->config;
	i->outbound = outbound_create((size_t)env->config->reject_queue);
	link_init(&i->link, env->config, env->broker, env->journal, env->counters, i->outbound,
			&events);
	return i;
}

void intake_destroy(struct intake *i)
{
	if (i == NULL)
		return;
	if (i->running)
		intake_stop(i, "offline");
	intake_join(i);
	link_finish(&i->link);
	outbound_destroy(i->outbound);
	record_batch_finish(&i->batch);
	message_finish(&i->message);
	str_finish(&i->text);
	free(i);
}

bool intake_is_connected(const struct intake *i)
{
	return i->link.connected;
}

struct outbound *intake_outbound(struct intake *i)
{
	return i->outbound;
}

struct broker_health *intake_health(struct intake *i)
{
	return &i->link.health;
}

bool intake_start(struct intake *i)
{
	int r = pthread_create(&i->thread, NULL, run, i);

	i->running = r == 0;
	if (r != 0)
		log_error_errno(r, "%s: no thread to be had", str_text(&i->link.name));
	return i->running;
}

void intake_stop(struct intake *i, const char *state)
{
	i->farewell = state;
	i->stopping = true;
	outbound_wake(i->outbound);
}

/*
 * libmosquitto connects in one blocking call, which only a signal can end before the network
 * does. SIGUSR1 has a handler that does nothing (see gateway.c).
 */
void intake_join(struct intake *i)
{
	struct timespec until;

	if (!i->running)
		return;
	do {
		if (i->link.connecting)
			pthread_kill(i->thread, SIGUSR1);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 100000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
	} while (pthread_timedjoin_np(i->thread, NULL, &until) == ETIMEDOUT);
	i->running = false;
}

/* A connect takes as long as the network does, and is no standstill. */
uint64_t intake_turns(struct intake *i)
{
	if (i->link.connecting)
		i->turns++;
	outbound_wake(i->outbound);
	return i->turns;
}
