/* SPDX-License-Identifier: MIT */
#include "gateway/intake.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "common/backoff.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/topic.h"
#include "gateway/client.h"

enum {
	BATCH_BYTES = 4 * 1024 * 1024,
	IN_FLIGHT = 20,		  /* own messages without acknowledgement, libmosquitto's limit */
	TICK_MS = 1000,		  /* keep-alive and the like are looked after this often */
	FULL_POLL_MS = 50,	  /* with the journal full, whether there is room again */
	FULL_PATIENCE_MS = 20000, /* then the connection is given back */
	CONNACK_MS = 10000,
	LASTING_MS = 5000,
	PROBE_BYTES = 1024 * 1024,
	PROBE_MS = 500,	    /* a journal that cannot be written is tried this often */
	FAREWELL_MS = 2000, /* for the last messages of ours to be acknowledged */
};

struct intake {
	struct intake_env env;
	const struct config *config;
	const struct url *url;
	struct outbound *outbound;
	struct str name; /* "broker mqtt://...", for the log */
	struct str status_topic;
	struct str note_name;	  /* of the subscriptions, in the journal */
	struct text_list filters; /* what is subscribed to */
	pthread_t thread;
	bool running;
	_Atomic bool stopping;
	_Atomic bool connecting; /* in a call that may block for long */

	/* The thread's own from here. */
	struct mosquitto *client; /* NULL: no connection and no attempt at one */
	enum client_protocol protocol;
	bool connected;	   /* CONNACK was received */
	bool lost;	   /* the connection is over */
	unsigned unheard;  /* attempts that ended before any CONNACK */
	struct str why;	   /* what ended it, when known */
	struct str detail; /* what OpenSSL had to say */
	struct str said;   /* the problem that the log knows */
	struct instant connected_at, retry_at, tick_at, connack_by, full_since, status_at;
	struct backoff backoff;
	uint64_t seed;
	bool is_full;
	bool commit_failed;
	int subscribe_packet;
	uint64_t received; /* messages, to see whether a read brought one */
	struct wall_time now;
	struct record_batch batch;
	struct str text;
	struct outbound_message *in_flight[IN_FLIGHT]; /* NULL: free */
};

/* --- what is said -------------------------------------------------------------------------- */

/* Log a problem of the connection unless it is the one that was logged last. */
static void say_problem(struct intake *i, const char *what, const char *why)
{
	struct str text = { 0 };

	str_printf(&text, "%s: %s", what, why);
	if (i->detail.len > 0)
		str_printf(&text, " (%s)", str_text(&i->detail));
	if (!span_equal(str_span(&text), str_span(&i->said)))
		log_warn("%s: %s; trying again", str_text(&i->name), str_text(&text));
	str_finish(&i->said);
	i->said = text;
}

static void push_status(struct intake *i, const char *state)
{
	str_clear(&i->text);
	i->env.status(i->env.owner, state, &i->text);
	outbound_push(i->outbound, str_span(&i->status_topic), str_span(&i->text), true);
	i->status_at = i->config->status_interval == 0
				       ? INSTANT_NEVER
				       : instant_after(instant_now(),
							 seconds((int64_t)i->config->status_interval));
}

/* --- callbacks of libmosquitto, on our thread ---------------------------------------------- */

static void answer_unrouted(struct intake *i, struct span topic)
{
	struct rejection r = { .reject = REJECT_NO_ROUTE, .detail = topic };
	struct str to = { 0 };

	count(i->env.counters, COUNT_MESSAGES_UNROUTED, 1);
	count(i->env.counters, COUNT_RESULTS_REJECTED, 1);
	count_up(&i->env.counters->rejects[REJECT_NO_ROUTE], 1);
	str_clear(&i->text);
	reject_format(&i->text, &r, topic, span_of_text(i->config->client_id));
	reject_topic(&to, topic);
	if (!outbound_push(i->outbound, str_span(&to), str_span(&i->text), false))
		count(i->env.counters, COUNT_REJECTS_DROPPED, 1);
	str_finish(&to);
}

static void on_message(struct mosquitto *m, void *owner, const struct mosquitto_message *message,
		const mosquitto_property *properties)
{
	struct intake *i = owner;
	struct record r = {
		.received = i->now,
		.topic = span_of_text(message->topic),
		.payload = span_of(message->payload, (size_t)message->payloadlen),
		.qos = (unsigned)message->qos,
		.retain = message->retain,
		.source = (unsigned)i->env.broker,
	};

	(void)m;
	(void)properties;
	i->received++;
	if (topic_is_own(r.topic))
		count(i->env.counters, COUNT_MESSAGES_OWN, 1);
	else if (!routes_match(i->config->routes, i->config->route_count, r.topic))
		answer_unrouted(i, r.topic);
	else
		record_batch_add(&i->batch, &r);
}

static bool list_has(const struct text_list *list, struct span text)
{
	for (size_t n = 0; n < list->count; n++) {
		if (span_equal_text(text, list->texts[n]))
			return true;
	}
	return false;
}

/*
 * A durable session still has the subscriptions of an earlier configuration; MQTT cannot be asked
 * for them, so the journal remembers them.
 */
static void drop_old_subscriptions(struct intake *i)
{
	struct str old = { 0 }, wanted = { 0 };
	struct span rest;

	journal_note_get(i->env.journal, str_text(&i->note_name), &old);
	rest = str_span(&old);
	while (rest.data != NULL) {
		struct span filter = span_cut(&rest, '\n');
		AUTO_FREE char *text = span_dup_text(filter);

		if (filter.len == 0 || list_has(&i->filters, filter))
			continue;
		log_notice("%s: unsubscribing from %s, which no route names any more",
				str_text(&i->name), text);
		mosquitto_unsubscribe(i->client, NULL, text);
	}
	for (size_t n = 0; n < i->filters.count; n++)
		str_printf(&wanted, "%s%s", n > 0 ? "\n" : "", i->filters.texts[n]);
	if (!span_equal(str_span(&old), str_span(&wanted)))
		journal_note_put(i->env.journal, str_text(&i->note_name), str_span(&wanted));
	str_finish(&old);
	str_finish(&wanted);
}

static void on_accepted(struct intake *i, bool session)
{
	i->connected = true;
	i->unheard = 0;
	i->connected_at = instant_now();
	str_clear(&i->said);
	count(i->env.counters, COUNT_CONNECTIONS, 1);
	log_info("%s: connected with MQTT %s, %s session", str_text(&i->name),
			i->protocol == CLIENT_MQTT_5 ? "5" : "3.1.1", session ? "resumed" : "new");
	drop_old_subscriptions(i);
	client_subscribe(i->client, &i->filters, i->protocol, &i->subscribe_packet);
	push_status(i, "online");
}

static void on_connect(struct mosquitto *m, void *owner, int result, int flags,
		const mosquitto_property *properties)
{
	struct intake *i = owner;
	const char *why = i->protocol == CLIENT_MQTT_5 ? mosquitto_reason_string(result)
						       : mosquitto_connack_string(result);

	(void)m;
	(void)properties;
	if (result == 0) {
		on_accepted(i, (flags & 1) != 0);
		return;
	}
	i->lost = true;
	/* 0x84 of MQTT 5, 1 of 3.1.1: unacceptable protocol version */
	if (i->protocol == CLIENT_MQTT_5 && (result == 0x84 || result == 1)) {
		log_info("%s: does not speak MQTT 5, taking 3.1.1", str_text(&i->name));
		i->protocol = CLIENT_MQTT_311;
		return;
	}
	str_clear(&i->why);
	str_printf(&i->why, "refuses the connection: %s", why);
}

static void on_disconnect(
		struct mosquitto *m, void *owner, int result, const mosquitto_property *properties)
{
	struct intake *i = owner;

	(void)m;
	(void)properties;
	if (!i->lost && i->why.len == 0 && result != 0)
		str_append_text(&i->why, result >= 0x80 ? mosquitto_reason_string(result)
							: client_error(result));
	i->lost = true;
}

static void on_subscribe(struct mosquitto *m, void *owner, int packet, int granted_count,
		const int *granted, const mosquitto_property *properties)
{
	struct intake *i = owner;

	(void)m;
	(void)properties;
	if (packet != i->subscribe_packet)
		return;
	for (int n = 0; n < granted_count && (size_t)n < i->filters.count; n++) {
		if (granted[n] >= 0x80)
			log_warn("%s: refuses the subscription to %s: %s", str_text(&i->name),
					i->filters.texts[n], mosquitto_reason_string(granted[n]));
		else if (granted[n] == 0)
			log_warn("%s: grants only QoS 0 for %s: messages may be lost on the way",
					str_text(&i->name), i->filters.texts[n]);
	}
}

static void on_publish(struct mosquitto *m, void *owner, int packet, int reason,
		const mosquitto_property *properties)
{
	struct intake *i = owner;

	(void)m;
	(void)properties;
	for (size_t n = 0; n < IN_FLIGHT; n++) {
		struct outbound_message *o = i->in_flight[n];

		if (o == NULL || o->packet_id != packet)
			continue;
		if (reason >= 0x80)
			log_warn("%s: does not take a message on %s: %s", str_text(&i->name),
					o->retain ? o->topic : "belfry/reject/...",
					mosquitto_reason_string(reason));
		else if (!o->retain)
			count(i->env.counters, COUNT_REJECTS_PUBLISHED, 1);
		outbound_message_destroy(o);
		i->in_flight[n] = NULL;
		return;
	}
}

/* Why TLS failed is only told here. */
static void on_log(struct mosquitto *m, void *owner, int level, const char *text)
{
	struct intake *i = owner;

	(void)m;
	if (level == MOSQ_LOG_ERR && strncmp(text, "OpenSSL", 7) == 0) {
		str_clear(&i->detail);
		str_append_escaped(&i->detail, span_of_text(text));
	}
	log_debug("%s: libmosquitto: %s", str_text(&i->name), text);
}

/* --- connecting ---------------------------------------------------------------------------- */

static void forget_connection(struct intake *i)
{
	if (i->client != NULL)
		mosquitto_destroy(i->client);
	i->client = NULL;
	i->connected = false;
	i->lost = false;
	/* Answers and status that were not acknowledged: a new status follows the next connect,
	   and a lost answer is better than one that holds up others. */
	for (size_t n = 0; n < IN_FLIGHT; n++) {
		if (i->in_flight[n] != NULL && !i->in_flight[n]->retain)
			count(i->env.counters, COUNT_REJECTS_DROPPED, 1);
		outbound_message_destroy(i->in_flight[n]);
		i->in_flight[n] = NULL;
	}
}

static void set_callbacks(struct mosquitto *m)
{
	mosquitto_log_callback_set(m, on_log);
	mosquitto_connect_v5_callback_set(m, on_connect);
	mosquitto_disconnect_v5_callback_set(m, on_disconnect);
	mosquitto_message_v5_callback_set(m, on_message);
	mosquitto_subscribe_v5_callback_set(m, on_subscribe);
	mosquitto_publish_v5_callback_set(m, on_publish);
}

static void retry_later(struct intake *i)
{
	struct instant now = instant_now();

	i->seed = i->seed * 6364136223846793005u + 1442695040888963407u;
	i->retry_at = instant_after(now, backoff_wait(&i->backoff, i->seed >> 33));
}

static void try_connect(struct intake *i)
{
	struct client_will will = { .topic = str_text(&i->status_topic) };
	int r = MOSQ_ERR_NOMEM;

	str_clear(&i->why);
	str_clear(&i->detail);
	str_clear(&i->text);
	i->env.status(i->env.owner, "offline", &i->text);
	will.payload = str_span(&i->text);
	/* A broker that closes without a word on MQTT 5 may speak 3.1.1 only, and the reverse. */
	if (i->unheard > 0 && i->unheard % 3 == 0)
		i->protocol = i->protocol == CLIENT_MQTT_5 ? CLIENT_MQTT_311 : CLIENT_MQTT_5;
	i->client = client_create(i->config, i->url, i->protocol, &will, i, &i->why);
	if (i->client != NULL) {
		set_callbacks(i->client);
		i->connecting = true;
		r = client_connect(i->client, i->config, i->url, i->protocol);
		if (r != MOSQ_ERR_SUCCESS)
			str_printf(&i->why, "%s", client_error(r));
		i->connecting = false;
	}
	if (r != MOSQ_ERR_SUCCESS) {
		say_problem(i, "cannot be reached", str_text(&i->why));
		forget_connection(i);
		retry_later(i);
		return;
	}
	i->connack_by = instant_after(instant_now(), milliseconds(CONNACK_MS));
	i->tick_at = instant_after(instant_now(), milliseconds(TICK_MS));
}

/* After a loss that was noticed in the callbacks or by a failing call. */
static void end_connection(struct intake *i)
{
	bool was_connected = i->connected;

	if (was_connected) {
		count(i->env.counters, COUNT_CONNECTIONS_LOST, 1);
		log_warn("%s: connection lost: %s", str_text(&i->name),
				i->why.len > 0 ? str_text(&i->why) : "closed by the broker");
	} else if (i->why.len > 0) {
		say_problem(i, "no connection", str_text(&i->why));
	}
	/* Only a connection that lasted starts the waits anew: not one that a second gateway of
	   the same client_id takes away at once. */
	if (was_connected &&
			instant_reached(instant_after(i->connected_at, milliseconds(LASTING_MS)),
					instant_now()))
		backoff_reset(&i->backoff);
	i->unheard = was_connected ? 0 : i->unheard + 1;
	forget_connection(i);
	retry_later(i);
}

/* --- the turn ------------------------------------------------------------------------------ */

static void check(struct intake *i, int result)
{
	if (result == MOSQ_ERR_SUCCESS)
		return;
	if (!i->lost && i->why.len == 0)
		str_append_text(&i->why, client_error(result));
	i->lost = true;
}

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
		check(i, mosquitto_loop_read(i->client, 1));
	} while (!i->lost && i->received != before && i->batch.count < i->config->receive_maximum &&
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
	r = journal_append(i->env.journal, &i->batch);
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

static void publish_outbound(struct intake *i)
{
	struct outbound_message *m;

	for (size_t n = 0; n < IN_FLIGHT; n++) {
		int r;

		if (i->in_flight[n] != NULL)
			continue;
		if ((m = outbound_pop(i->outbound)) == NULL)
			return;
		r = mosquitto_publish(i->client, &m->packet_id, m->topic, (int)m->payload_len,
				m->payload, 1, m->retain);
		if (r == MOSQ_ERR_SUCCESS) {
			i->in_flight[n] = m;
			continue;
		}
		if (!m->retain)
			count(i->env.counters, COUNT_REJECTS_DROPPED, 1);
		outbound_message_destroy(m);
	}
}

/* One segment instead of one per acknowledgement. */
static void cork(struct intake *i, int on)
{
	int fd = mosquitto_socket(i->client);

	if (i->url->scheme->port != 0 && fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

static void write_all(struct intake *i)
{
	if (!mosquitto_want_write(i->client))
		return;
	cork(i, 1);
	check(i, mosquitto_loop_write(i->client, 1));
	cork(i, 0);
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
	check(i, mosquitto_loop_misc(i->client));
	journal_maintain(i->env.journal);
	if (i->connected && instant_reached(i->status_at, now))
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

	poll(&fd, 1, wait_time(i, i->retry_at, now));
	outbound_rest(i->outbound);
	journal_maintain(i->env.journal);
}

static void turn(struct intake *i, struct instant now)
{
	struct pollfd fds[2] = { { mosquitto_socket(i->client), 0, 0 },
		{ outbound_fd(i->outbound), POLLIN, 0 } };

	if (!i->is_full)
		fds[0].events |= POLLIN;
	if (mosquitto_want_write(i->client))
		fds[0].events |= POLLOUT;
	if (poll(fds, 2, wait_time(i, i->tick_at, now)) < 0 && errno != EINTR)
		return;
	if (fds[1].revents & POLLIN)
		outbound_rest(i->outbound);
	if (fds[0].revents & (POLLIN | POLLERR | POLLHUP))
		read_all(i);
	if (!commit_batch(i)) {
		str_clear(&i->why);
		str_append_text(&i->why, "given up by us, the journal cannot be written");
		i->lost = true;
	}
	if (i->lost)
		return;
	if (i->connected)
		publish_outbound(i);
	write_all(i);
}

static void run_connected(struct intake *i, struct instant now)
{
	turn(i, now);
	now = instant_now();
	if (!i->connected && instant_reached(i->connack_by, now) && !i->lost) {
		str_append_text(&i->why, "the broker does not answer CONNECT");
		i->lost = true;
	}
	if (!i->lost && i->connected)
		check_room(i, now);
	if (!i->lost && instant_reached(i->tick_at, now))
		tick(i, now);
	if (i->lost) {
		end_connection(i);
	} else if (i->is_full && instant_reached(instant_after(i->full_since,
								 milliseconds(FULL_PATIENCE_MS)),
						 now)) {
		log_notice("%s: disconnecting until the journal has room", str_text(&i->name));
		client_disconnect(i->client);
		forget_connection(i);
		i->retry_at = now;
	}
}

static bool has_in_flight(const struct intake *i)
{
	for (size_t n = 0; n < IN_FLIGHT; n++) {
		if (i->in_flight[n] != NULL)
			return true;
	}
	return false;
}

static void say_goodbye(struct intake *i)
{
	struct instant end = instant_after(instant_now(), milliseconds(FAREWELL_MS));

	if (i->client == NULL || !i->connected)
		return;
	i->is_full = false; /* the acknowledgements of our own messages must be read */
	push_status(i, "offline");
	do {
		turn(i, instant_now());
	} while (!i->lost && has_in_flight(i) && !instant_reached(end, instant_now()));
	if (!i->lost)
		client_disconnect(i->client);
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

		if (i->client != NULL) {
			run_connected(i, now);
		} else if (!instant_reached(i->retry_at, now)) {
			wait_for_retry(i, now);
		} else if (i->is_full && !journal_has_room_again(i->env.journal)) {
			journal_maintain(i->env.journal);
			i->retry_at = instant_after(now, milliseconds(FULL_POLL_MS));
		} else if (i->commit_failed && !probe_journal(i)) {
			i->retry_at = instant_after(now, milliseconds(PROBE_MS));
		} else {
			i->is_full = false;
			try_connect(i);
		}
	}
	say_goodbye(i);
	forget_connection(i);
	return NULL;
}

/* --- life ---------------------------------------------------------------------------------- */

struct intake *intake_create(const struct intake_env *env)
{
	struct intake *i = xcalloc(1, sizeof(*i));

	i->env = *env;
	i->config = env->config;
	i->url = &env->config->brokers[env->broker];
	i->outbound = outbound_create((size_t)env->config->reject_queue);
	i->backoff = (struct backoff){ .first = milliseconds(200), .most = seconds(2) };
	i->seed = hash_seed();
	str_append_text(&i->name, "broker ");
	url_format(i->url, &i->name);
	str_printf(&i->status_topic, "belfry/gateway/%s", env->config->client_id);
	str_printf(&i->note_name, "subscriptions %s", str_text(&i->name));
	for (size_t r = 0; r < env->config->route_count; r++) {
		const struct text_list *filters = &env->config->routes[r].filters;

		for (size_t f = 0; f < filters->count; f++) {
			if (!list_has(&i->filters, span_of_text(filters->texts[f])))
				text_list_add(&i->filters, span_of_text(filters->texts[f]));
		}
	}
	return i;
}

void intake_destroy(struct intake *i)
{
	if (i == NULL)
		return;
	intake_stop(i);
	outbound_destroy(i->outbound);
	record_batch_finish(&i->batch);
	text_list_finish(&i->filters);
	str_finish(&i->name);
	str_finish(&i->status_topic);
	str_finish(&i->note_name);
	str_finish(&i->why);
	str_finish(&i->detail);
	str_finish(&i->said);
	str_finish(&i->text);
	free(i);
}

struct outbound *intake_outbound(struct intake *i)
{
	return i->outbound;
}

bool intake_start(struct intake *i)
{
	int r = pthread_create(&i->thread, NULL, run, i);

	i->running = r == 0;
	if (r != 0)
		log_error_errno(r, "%s: no thread to be had", str_text(&i->name));
	return i->running;
}

/*
 * libmosquitto connects in one blocking call, which only a signal can end before the network
 * does. SIGUSR1 has a handler that does nothing (see gateway.c).
 */
void intake_stop(struct intake *i)
{
	struct timespec until;

	if (!i->running)
		return;
	i->stopping = true;
	outbound_wake(i->outbound);
	do {
		if (i->connecting)
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
