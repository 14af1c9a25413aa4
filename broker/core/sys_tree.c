/* SPDX-License-Identifier: MIT */
#include "broker/core/sys_tree.h"

#include <inttypes.h>
#include <math.h>

struct load {
	const char *topic; /* below SYS_PREFIX */
	size_t offset;	   /* of its counter in struct figures */
};

static const struct load loads[SYS_LOADS] = {
	{ "load/messages/received", offsetof(struct figures, counters.packets_received) },
	{ "load/messages/sent", offsetof(struct figures, counters.packets_sent) },
	{ "load/publish/dropped", offsetof(struct figures, publish_dropped) },
	{ "load/publish/received", offsetof(struct figures, counters.publish_received) },
	{ "load/publish/sent", offsetof(struct figures, counters.publish_sent) },
	{ "load/bytes/received", offsetof(struct figures, counters.bytes_received) },
	{ "load/bytes/sent", offsetof(struct figures, counters.bytes_sent) },
	{ "load/sockets", offsetof(struct figures, counters.sockets_opened) },
	{ "load/connections", offsetof(struct figures, counters.connects_received) },
};

static const struct {
	const char *name;
	double seconds;
} periods[SYS_PERIODS] = { { "1min", 60 }, { "5min", 300 }, { "15min", 900 } };

/* One update on its way out. */
struct update {
	struct sys_tree *tree;
	const struct figures *figures;
	void *owner;
	sys_publish *publish;
};

void sys_tree_finish(struct sys_tree *t)
{
	str_finish(&t->backlog);
	str_finish(&t->topic);
	str_finish(&t->text);
	*t = (struct sys_tree){ 0 };
}

/* Publish t->text below SYS_PREFIX. */
static void publish_text(const struct update *u, const char *topic, const char *last_level)
{
	struct sys_tree *t = u->tree;

	str_clear(&t->topic);
	str_printf(&t->topic, SYS_PREFIX "%s%s%s", topic, last_level != NULL ? "/" : "",
			last_level != NULL ? last_level : "");
	u->publish(u->owner, str_span(&t->topic), str_span(&t->text));
}

static void publish_version(const struct update *u)
{
	str_clear(&u->tree->text);
	str_append_text(&u->tree->text, "belfry-broker version " BELFRY_VERSION);
	publish_text(u, "version", NULL);
}

static void publish_metric(const struct update *u, const struct metric *m)
{
	struct sys_tree *t = u->tree;
	uint64_t value = metric_value(m, u->figures);

	if (t->has_last && value == metric_value(m, &t->last))
		return;
	str_clear(&t->text);
	str_printf(&t->text, "%" PRIu64 "%s", value, m->type == METRIC_SECONDS ? " seconds" : "");
	publish_text(u, m->topic, NULL);
	if (m->alias != NULL)
		publish_text(u, m->alias, NULL);
}

static void publish_load(const struct update *u, size_t load, size_t period)
{
	struct sys_tree *t = u->tree;

	str_clear(&t->text);
	str_printf(&t->text, "%.2f", t->loads[load][period]);
	publish_text(u, loads[load].topic, periods[period].name);
}

static uint64_t counter_of(const struct figures *f, const struct load *load)
{
	return *(const uint64_t *)(const void *)((const char *)f + load->offset);
}

static void update_load(const struct update *u, size_t load, double seconds)
{
	struct sys_tree *t = u->tree;
	uint64_t grown = counter_of(u->figures, &loads[load]) - counter_of(&t->last, &loads[load]);
	double rate = (double)grown * 60 / seconds;

	for (size_t i = 0; i < SYS_PERIODS; i++) {
		double before = t->loads[load][i];

		t->loads[load][i] = rate + exp(-seconds / periods[i].seconds) * (before - rate);
		if (fabs(t->loads[load][i] - before) >= 0.01)
			publish_load(u, load, i);
	}
}

static void update_loads(const struct update *u, double seconds)
{
	for (size_t load = 0; load < SYS_LOADS; load++) {
		if (u->tree->has_last) {
			if (seconds > 0)
				update_load(u, load, seconds);
			continue;
		}
		for (size_t period = 0; period < SYS_PERIODS; period++)
			publish_load(u, load, period);
	}
}

static void publish_backlog(const struct update *u, struct span backlog)
{
	struct sys_tree *t = u->tree;

	if (t->has_last && span_equal(str_span(&t->backlog), backlog))
		return;
	str_clear(&t->backlog);
	str_append(&t->backlog, backlog);
	str_clear(&t->text);
	str_append(&t->text, backlog);
	publish_text(u, "belfry/backlog", NULL);
}

void sys_tree_update(struct sys_tree *t, const struct figures *f, struct span backlog,
		struct instant now, void *owner, sys_publish *publish)
{
	const struct update u = { .tree = t, .figures = f, .owner = owner, .publish = publish };

	if (!t->has_last)
		publish_version(&u);
	update_loads(&u, duration_seconds(instant_between(t->at, now)));
	for (size_t i = 0; i < metric_count; i++)
		publish_metric(&u, &metrics[i]);
	publish_backlog(&u, backlog);
	t->last = *f;
	t->at = now;
	t->has_last = true;
}
