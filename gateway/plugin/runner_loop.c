/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "common/log.h"
#include "gateway/plugin/runner_impl.h"

enum {
	IDLE_MS = 1000,
	MOST_ASKED_S = 600, /* that a plugin may put an attempt off, unless retry_most is longer */
};

static bool is_stopping(const struct runner *r)
{
	return stream_wait(r->stop_fd, -1, 0, 0) < 0;
}

/* --- what the worker is told --------------------------------------------------------------- */

static void tell(struct runner *r)
{
	eventfd_write(r->news_fd, 1);
}

/* NULL: nothing is in the way. Said in the log when it is something else than before. */
static void set_reason(struct runner *r, const char *reason)
{
	char text[RELAY_REASON] = "";
	bool is_new, was_in_the_way;

	if (reason != NULL)
		stream_reason(text, span_of_text(reason));
	pthread_mutex_lock(&r->lock);
	is_new = strcmp(r->view.reason, text) != 0;
	was_in_the_way = r->view.reason[0] != '\0';
	memcpy(r->view.reason, text, sizeof(text));
	pthread_mutex_unlock(&r->lock);
	if (!is_new)
		return;
	/* The other side may have another sentence each time. */
	if (reason != NULL && runner_may_log(r))
		log_warn("output \"%s\": %s; what comes waits in the journal", r->output, text);
	else if (reason == NULL && was_in_the_way && runner_may_log(r))
		log_notice("output \"%s\": delivers again", r->output);
	tell(r);
}

static void set_connected(struct runner *r, bool connected)
{
	bool is_new;

	pthread_mutex_lock(&r->lock);
	is_new = r->view.connected != connected;
	r->view.connected = connected;
	pthread_mutex_unlock(&r->lock);
	if (is_new)
		tell(r);
}

static void count(struct runner *r, const struct delivery_result *result)
{
	pthread_mutex_lock(&r->lock);
	r->view.delivered += result->delivered;
	r->view.dead_letters += result->rejected;
	r->view.retries += result->must_wait;
	pthread_mutex_unlock(&r->lock);
	if (result->must_wait)
		tell(r); /* what is counted, too, is to be seen while nothing else changes */
}

/* --- attempts ------------------------------------------------------------------------------ */

/* What a plugin asks for may be what a server has said, and that anything. */
static struct duration bounded(const struct runner *r, uint32_t asked_ms)
{
	struct duration asked = milliseconds(asked_ms), most = seconds(MOST_ASKED_S);

	if (most.ns < r->backoff.most.ns)
		most = r->backoff.most;
	if (asked.ns <= most.ns)
		return asked;
	log_notice("output \"%s\": is to wait %" PRIu32 " s; tries again after %" PRId64 " s",
			r->output, asked_ms / 1000, duration_milliseconds(most) / 1000);
	return most;
}

/* Wait before the next attempt. False when the end comes first. */
static bool wait_a_while(struct runner *r, uint32_t asked_ms)
{
	struct duration wait = asked_ms > 0 ? bounded(r, asked_ms)
					    : backoff_wait(&r->backoff, backoff_random(&r->random));

	return stream_wait(r->stop_fd, -1, 0, wait.ns / 1000000) == 0;
}

static bool open_instance(struct runner *r)
{
	while (r->instance == NULL) {
		r->instance = r->plugin->relay->open(&r->host, plugin_config_struct(r->config));
		if (r->instance != NULL)
			break;
		set_reason(r, "the plugin cannot begin; the lines of the log before say why");
		if (!wait_a_while(r, 0))
			return false;
	}
	return true;
}

static void take_refused(void *owner, const struct relay_record *record, const char *reason)
{
	struct runner *r = owner;

	dead_letters_add(
			&r->dead, record, reason[0] != '\0' ? reason : "refused, without a reason");
}

static void tell_of_dead_letters(struct runner *r, bool is_last)
{
	struct str line = { 0 };

	if (dead_letters_tell(&r->dead, instant_now(), is_last, &line))
		log_warn("output \"%s\": %s", r->output, str_text(&line));
	str_finish(&line);
}

/* The dead letters are on disk before the place in the journal may move. */
static bool write_dead_letters(struct runner *r)
{
	struct str why = { 0 };
	int error;

	while ((error = dead_letters_write(&r->dead)) < 0) {
		str_clear(&why);
		str_printf(&why, "dead_letters %s cannot be written: %s", r->dead.path,
				strerror(-error));
		set_reason(r, str_text(&why));
		if (!wait_a_while(r, 0))
			break;
	}
	str_finish(&why);
	return error == 0;
}

static bool is_known(enum relay_verdict verdict)
{
	return verdict == RELAY_OK || verdict == RELAY_RETRY || verdict == RELAY_REJECT;
}

/* One attempt. False when the end came. */
static bool attempt(struct runner *r, uint32_t number)
{
	struct relay_outcome outcome = { .size = sizeof(outcome) };
	struct relay_batch batch = delivery_attempt(r->delivery, number);
	enum relay_verdict verdict = r->plugin->relay->deliver(r->instance, &batch, &outcome);
	struct delivery_result result;
	const char *reason;

	outcome.reason[RELAY_REASON - 1] = '\0';
	if (!is_known(verdict)) {
		verdict = RELAY_RETRY;
		stream_reason(outcome.reason,
				span_of_text("the plugin gave a verdict that is none"));
	}
	result = delivery_settle(r->delivery, verdict, outcome.reason, r, take_refused);
	count(r, &result);
	if (!write_dead_letters(r))
		return false;
	tell_of_dead_letters(r, false);
	if (!result.must_wait) {
		backoff_reset(&r->backoff);
		set_connected(r, true);
		set_reason(r, NULL);
		return true;
	}
	if (is_stopping(r))
		return false; /* that was the reason */
	reason = outcome.reason[0] != '\0' ? outcome.reason : result.reason;
	if (result.delivered > 0)
		backoff_reset(&r->backoff);
	else
		set_connected(r, false);
	set_reason(r, reason != NULL ? reason : "the plugin asks for another attempt");
	return wait_a_while(r, outcome.retry_after_ms);
}

/* The next one, until nothing is left of it. */
static void deliver(struct runner *r)
{
	size_t last = (size_t)(r->delivery - r->deliveries);

	r->delivery = &r->deliveries[(last + 1) % RUNNER_DELIVERIES];
	for (uint32_t number = 1; r->delivery->count > 0; number++) {
		if (!attempt(r, number))
			return;
	}
	pthread_mutex_lock(&r->lock);
	r->view.done++;
	pthread_mutex_unlock(&r->lock);
	tell(r);
}

/* --- the thread ---------------------------------------------------------------------------- */

static void idle(struct runner *r)
{
	struct relay_outcome outcome = { .size = sizeof(outcome) };
	bool ok;

	tell_of_dead_letters(r, false);
	if (r->plugin->relay->idle == NULL)
		return;
	ok = r->plugin->relay->idle(r->instance, &outcome);
	if (is_stopping(r))
		return;
	outcome.reason[RELAY_REASON - 1] = '\0';
	if (!ok)
		tell(r);
	set_connected(r, ok);
	set_reason(r, ok			    ? NULL
			: outcome.reason[0] != '\0' ? outcome.reason
						    : "the other side cannot be reached");
}

static void work(struct runner *r)
{
	bool has_idle = r->plugin->relay->idle != NULL;
	eventfd_t n;

	if (!open_instance(r))
		return;
	set_reason(r, NULL);
	idle(r);
	for (;;) {
		int pause = has_idle || r->dead.untold > 0 ? IDLE_MS : -1;
		int ready = stream_wait(r->stop_fd, r->work_fd, POLLIN, pause);

		if (ready < 0)
			break;
		if (ready == 0) {
			idle(r);
			continue;
		}
		eventfd_read(r->work_fd, &n);
		deliver(r);
	}
	tell_of_dead_letters(r, true);
	r->plugin->relay->close(r->instance);
}

void *runner_loop(void *runner)
{
	struct runner *r = runner;

	work(r);
	eventfd_write(r->gone_fd, 1);
	return NULL;
}
