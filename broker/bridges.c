/* SPDX-License-Identifier: MIT */
#include "broker/bridges.h"

#include <errno.h>

#include "broker/bridge_plan.h"
#include "broker/config_tables.h"
#include "broker/io/reactor.h"
#include "common/log.h"
#include "common/mem.h"

enum { MAX_THREADS = 4 }; /* a name server that does not answer holds one of them up */

struct running {
	struct bridge_plan *plan; /* owned */
	struct bridge_link *link; /* owned */
};

struct bridges {
	struct reactor *reactor;
	struct worker *worker; /* NULL while there was never a bridge */
	struct running *running;
	size_t count, capacity;
};

struct bridges *bridges_create(struct reactor *r)
{
	struct bridges *b = xcalloc(1, sizeof(*b));

	b->reactor = r;
	return b;
}

static void stop(struct bridges *b, size_t i, bool ends_session)
{
	bridge_link_destroy(b->running[i].link, ends_session);
	bridge_plan_destroy(b->running[i].plan);
	b->running[i] = b->running[--b->count];
}

void bridges_destroy(struct bridges *b)
{
	if (b == NULL)
		return;
	while (b->count > 0)
		stop(b, b->count - 1, false);
	worker_destroy(b->worker);
	free(b->running);
	free(b);
}

static const struct bridge_config *config_of(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->bridge_count; i++) {
		if (strcmp(config->bridges[i]->name, name) == 0)
			return config->bridges[i];
	}
	return NULL;
}

/* The plan of that name, NULL when there is none; `*place` is where it stands. */
static struct bridge_plan *plan_of(
		struct resources *r, const char *name, struct bridge_plan ***place)
{
	for (size_t i = 0; i < r->bridge_count; i++) {
		if (r->bridges[i] != NULL && strcmp(r->bridges[i]->name, name) == 0) {
			*place = &r->bridges[i];
			return r->bridges[i];
		}
	}
	return NULL;
}

static void note_change(void *owner, const struct setting *setting)
{
	(void)setting;
	*(bool *)owner = true;
}

static bool is_changed(const struct config *before, const struct config *after, const char *name)
{
	bool changed = false;

	settings_compare(config_bridge_settings, config_of(before, name), config_of(after, name),
			&changed, note_change);
	return changed;
}

/* What runs and is to run as it does stays, the rest is stopped. */
static void stop_some(struct bridges *b, struct resources *fresh, const struct config *before,
		const struct config *after)
{
	for (size_t i = b->count; i-- > 0;) {
		struct running *r = &b->running[i];
		struct bridge_plan **place, *plan = plan_of(fresh, r->plan->name, &place);

		if (plan == NULL) {
			log_notice("reload: connection %s is gone", r->plan->name);
			stop(b, i, true);
		} else if (is_changed(before, after, plan->name)) {
			log_notice("reload: connection %s starts anew", plan->name);
			stop(b, i, strcmp(r->plan->local_client_id, plan->local_client_id) != 0);
		} else {
			bridge_plan_renew(r->plan, plan);
			bridge_link_change_policy(r->link, r->plan->policy);
			bridge_plan_destroy(plan);
			*place = NULL;
		}
	}
}

static void start(struct bridges *b, struct bridge_plan *plan)
{
	struct running *r;

	b->running = grow_array(b->running, b->count, &b->capacity, sizeof(*b->running));
	r = &b->running[b->count++];
	r->plan = plan;
	r->link = bridge_link_create(b->reactor, b->worker, &plan->options, plan->policy);
}

bool bridges_apply(struct bridges *b, struct resources *fresh, const struct config *before,
		const struct config *after)
{
	size_t count = fresh->bridge_count;

	stop_some(b, fresh, before, after);
	if (count > 0 && b->worker == NULL)
		b->worker = worker_create(b->reactor->loop,
				count < MAX_THREADS ? (unsigned)count : MAX_THREADS);
	if (count > 0 && b->worker == NULL) {
		log_error_errno(errno,
				"no thread can be started to resolve the names of bridges on");
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (fresh->bridges[i] != NULL)
			start(b, fresh->bridges[i]);
		fresh->bridges[i] = NULL;
	}
	return true;
}
