/* SPDX-License-Identifier: MIT */
#include "gateway/gateway.h"

#include "common/mem.h"
#include "common/rate.h"
#include "gateway/ask.h"
#include "gateway/http.h"
#include "gateway/intake/intake.h"
#include "gateway/intake/keeper.h"
#include "gateway/output/worker.h"
#include "gateway/pulse.h"
#include "gateway/status.h"

struct gateway {
	const struct config *config;
	struct wall_time started;
	struct counters counters;
	struct journal *journal;
	struct admission *admission;
	struct keeper *keeper;
	struct pending *pending;
	struct intake *intakes[MAX_BROKERS];
	struct outbound *outbounds[MAX_BROKERS];
	struct worker *workers[MAX_OUTPUTS];
	struct why_source known; /* what questions are answered from */
	struct questions *questions;
	struct http *http;
	struct pulse pulses[MAX_BROKERS + MAX_OUTPUTS + 1]; /* of the threads */

	pthread_mutex_t lock; /* guards what follows */
	struct rate rejects;
	uint64_t rejects_seen;
};

static bool open_journal(struct gateway *g)
{
	const struct config *c = g->config;
	const char *names[MAX_OUTPUTS];
	struct journal_options options = {
		.max_bytes = c->journal_max_size,
		.keep = seconds((int64_t)c->journal_keep),
		.has_state = true,
		.outputs = names,
		.output_count = c->output_count,
	};
	struct str folder = { 0 };
	int r;

	for (size_t i = 0; i < c->output_count; i++)
		names[i] = c->outputs[i]->name;
	str_printf(&folder, "%s/journal", c->state_dir);
	options.folder = str_text(&folder);
	r = journal_open(&options, &g->journal);
	str_finish(&folder);
	return r == 0;
}

/* Refusals are counted in many places and looked at here: as finely as the status is taken. */
static double reject_rate(struct gateway *g)
{
	uint64_t rejects = g->counters.values[COUNT_RESULTS_REJECTED];
	struct instant now = instant_now();
	double rate;

	pthread_mutex_lock(&g->lock);
	if (rejects > g->rejects_seen) {
		rate_add(&g->rejects, now, rejects - g->rejects_seen);
		g->rejects_seen = rejects;
	}
	rate = rate_over(&g->rejects, now, 60);
	pthread_mutex_unlock(&g->lock);
	return rate;
}

static void take_status(struct gateway *g, struct status *s)
{
	struct broker_health *brokers[MAX_BROKERS] = { 0 };
	struct output_health *outputs[MAX_OUTPUTS] = { 0 };
	struct status_sources from = { .config = g->config,
		.journal = g->journal,
		.counters = &g->counters,
		.brokers = brokers,
		.outputs = outputs };

	for (size_t i = 0; i < g->config->broker_count; i++)
		brokers[i] = g->intakes[i] != NULL ? intake_health(g->intakes[i]) : NULL;
	for (size_t i = 0; i < g->config->output_count; i++)
		outputs[i] = g->workers[i] != NULL ? worker_health(g->workers[i]) : NULL;
	status_take(s, &from);
	s->started = g->started;
	s->reject_rate = reject_rate(g);
}

static void format_status(void *owner, const char *state, struct str *into)
{
	struct status status = { .state = state };

	take_status(owner, &status);
	status_format(&status, into);
	status_finish(&status);
}

/* For who asks beside the brokers. */
static void take_own_status(void *owner, struct status *ret)
{
	struct gateway *g = owner;

	ret->state = "offline";
	take_status(g, ret);
	for (size_t i = 0; i < ret->broker_count; i++) {
		if (ret->brokers[i].view.connected)
			ret->state = "online";
	}
	if (!journal_has_room(g->journal))
		ret->state = "full";
}

static uint64_t number_problems(void *owner)
{
	const struct gateway *g = owner;
	uint64_t number = 0;

	/* Problems are literals: each has its place. */
	for (size_t i = 0; i < g->config->output_count && g->workers[i] != NULL; i++) {
		const struct output_health *h = worker_health(g->workers[i]);

		number = number * 31 + (uintptr_t)h->problem + h->counters.connected;
	}
	return number;
}

static bool hears(void *owner)
{
	const struct gateway *g = owner;

	for (size_t i = 0; i < g->config->broker_count; i++) {
		if (intake_is_connected(g->intakes[i]))
			return true;
	}
	return false;
}

static bool create_admission(struct gateway *g)
{
	struct admission_env env = {
		.config = g->config, .journal = g->journal, .counters = &g->counters
	};
	struct keeper_env keeper = { .hears = hears, .owner = g };

	g->admission = keeper.admission = admission_create(&env);
	if (g->admission == NULL)
		return false;
	g->keeper = keeper_create(&keeper);
	return true;
}

static void take_question(void *owner, const struct record *message)
{
	struct gateway *g = owner;

	questions_take(g->questions, message);
}

static void create_intakes(struct gateway *g)
{
	for (size_t i = 0; i < g->config->broker_count; i++) {
		struct intake_env env = { .config = g->config,
			.broker = i,
			.journal = g->journal,
			.admission = g->admission,
			.counters = &g->counters,
			.status = format_status,
			.problems = number_problems,
			.question = take_question,
			.owner = g };

		g->intakes[i] = intake_create(&env);
		g->outbounds[i] = intake_outbound(g->intakes[i]);
	}
	admission_connect(g->admission, g->outbounds, g->config->broker_count);
	g->known = (struct why_source){ g->config, g->journal, g->workers, g->pending };
	g->questions = questions_create(
			ask_kinds, &g->known, g->outbounds, g->config->broker_count);
}

static bool create_workers(struct gateway *g)
{
	for (size_t i = 0; i < g->config->output_count; i++) {
		struct worker_env env = { .config = g->config,
			.output = i,
			.journal = g->journal,
			.counters = &g->counters,
			.pending = g->pending,
			.outbounds = g->outbounds,
			.outbound_count = g->config->broker_count };

		g->workers[i] = worker_create(&env);
		if (g->workers[i] == NULL)
			return false;
	}
	return true;
}

struct gateway *gateway_create(const struct config *config)
{
	struct gateway *g = xcalloc(1, sizeof(*g));

	g->config = config;
	g->started = wall_time_now();
	pthread_mutex_init(&g->lock, NULL);
	if (!open_journal(g) || !create_admission(g)) {
		gateway_destroy(g);
		return NULL;
	}
	g->pending = pending_create(config->pending_limit);
	create_intakes(g);
	if (!create_workers(g)) {
		gateway_destroy(g);
		return NULL;
	}
	return g;
}

bool gateway_start(struct gateway *g)
{
	struct http_env http = { .config = g->config, .take = take_own_status, .owner = g };
	bool ok = questions_start(g->questions);

	if (ok && g->config->http_listen != NULL) {
		g->http = http_start(&http);
		ok = g->http != NULL;
	}
	for (size_t i = 0; ok && i < g->config->output_count; i++)
		ok = worker_start(g->workers[i]);
	for (size_t i = 0; ok && i < g->config->broker_count; i++)
		ok = intake_start(g->intakes[i]);
	ok = ok && keeper_start(g->keeper);
	if (ok)
		journal_settle(g->journal); /* not before: a reload may go back */
	return ok;
}

/* The outputs first, so that their last answers still go out. */
void gateway_stop(struct gateway *g, const char *state)
{
	for (size_t i = 0; i < g->config->output_count && g->workers[i] != NULL; i++)
		worker_stop(g->workers[i]);
	for (size_t i = 0; i < g->config->output_count && g->workers[i] != NULL; i++)
		worker_join(g->workers[i]);
	if (g->questions != NULL)
		questions_stop(g->questions);
	if (g->admission != NULL)
		admission_close(g->admission);
	for (size_t i = 0; i < g->config->broker_count && g->intakes[i] != NULL; i++)
		intake_stop(g->intakes[i], state);
	for (size_t i = 0; i < g->config->broker_count && g->intakes[i] != NULL; i++)
		intake_join(g->intakes[i]);
	if (g->keeper != NULL)
		keeper_stop(g->keeper);
}

bool gateway_is_connected(const struct gateway *g)
{
	for (size_t i = 0; i < g->config->broker_count; i++) {
		if (!intake_is_connected(g->intakes[i]))
			return false;
	}
	return true;
}

static bool beats(struct gateway *g, size_t thread, uint64_t turns, struct instant now,
		struct duration patience)
{
	return pulse_beats(&g->pulses[thread], turns, now, patience);
}

bool gateway_is_alive(
		struct gateway *g, struct instant now, struct duration patience, struct str *stuck)
{
	const struct config *c = g->config;

	for (size_t i = 0; i < c->broker_count; i++) {
		struct str name = { 0 };

		if (beats(g, i, intake_turns(g->intakes[i]), now, patience))
			continue;
		url_format(&c->brokers[i].url, &name);
		str_printf(stuck, "the thread of broker %s", str_text(&name));
		str_finish(&name);
		return false;
	}
	for (size_t i = 0; i < c->output_count; i++) {
		if (beats(g, MAX_BROKERS + i, worker_turns(g->workers[i]), now, patience))
			continue;
		str_printf(stuck, "the thread of output \"%s\"", c->outputs[i]->name);
		return false;
	}
	if (!beats(g, MAX_BROKERS + MAX_OUTPUTS, keeper_turns(g->keeper), now, patience)) {
		str_append_text(stuck, "the thread that does what is due by time");
		return false;
	}
	return true;
}

void gateway_destroy(struct gateway *g)
{
	if (g == NULL)
		return;
	gateway_stop(g, "offline");
	http_stop(g->http);
	for (size_t i = 0; i < MAX_OUTPUTS; i++)
		worker_destroy(g->workers[i]);
	keeper_destroy(g->keeper);
	questions_destroy(g->questions);
	for (size_t i = 0; i < MAX_BROKERS; i++)
		intake_destroy(g->intakes[i]);
	admission_destroy(g->admission);
	pending_destroy(g->pending);
	journal_close(g->journal);
	pthread_mutex_destroy(&g->lock);
	free(g);
}
