/* SPDX-License-Identifier: MIT */
#include "gateway/ask.h"

#include <inttypes.h>

#include "common/json.h"
#include "common/mem.h"

enum {
	WHY_LIMIT = 20,
	WHY_MOST = 1000,
	PAGE_BYTES = 256 * 1024, /* of one message; a broker may take no larger ones */
};

static struct span text_of(const cJSON *body, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, name));

	return text != NULL ? span_of_text(text) : (struct span){ 0 };
}

static bool number_of(const cJSON *body, const char *name, double least, double most, double *ret)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(body, name);

	if (!cJSON_IsNumber(item) || !(item->valuedouble >= least && item->valuedouble <= most))
		return false;
	*ret = item->valuedouble;
	return true;
}

static bool goes_on(void *owner)
{
	return reply_is_wanted(owner);
}

/* One page of many goes out at once; the last one waits for what else is to be said. */
static void add_page(struct reply *reply, const char *key, struct span array, bool is_last)
{
	str_printf(&reply->members, ",\"%s\":", key);
	str_append(&reply->members, array);
	if (!is_last)
		reply_part(reply);
}

static void add_events(void *owner, struct span array, bool is_last)
{
	add_page(owner, "events", array, is_last);
}

/* How far back the journal reaches: what is older has been forgotten, not refused. */
static void add_found(struct reply *reply, const struct why_found *found, uint64_t keep)
{
	str_printf(&reply->members, ",\"found\":%zu,\"keep\":%" PRIu64, found->count, keep);
	if (found->oldest.ns != 0)
		json_append_time(&reply->members, "oldest", found->oldest);
}

static bool answer_why(void *owner, const cJSON *body, struct reply *reply)
{
	const struct why_source *source = owner;
	double limit = WHY_LIMIT;
	struct why why = { .host = text_of(body, "host"),
		.service = text_of(body, "service"),
		.goes_on = goes_on,
		.owner = reply };
	struct why_found found;
	int r;

	if (why.host.len == 0) {
		str_append_text(&reply->problem, "names no host; add \"host\"");
		return false;
	}
	if (cJSON_GetObjectItemCaseSensitive(body, "limit") != NULL &&
			!number_of(body, "limit", 1, WHY_MOST, &limit)) {
		str_printf(&reply->problem, "limit is a number from 1 to %d", WHY_MOST);
		return false;
	}
	why.limit = (size_t)limit;
	why.all_services = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, "all"));
	r = why_format(&why, source, PAGE_BYTES, add_events, reply, &found);
	if (r == 0)
		add_found(reply, &found, source->config->journal_keep);
	else
		str_printf(&reply->problem, "the journal cannot be read: %s", strerror(-r));
	return r == 0;
}

static struct worker *worker_named(const struct why_source *source, struct span name)
{
	const struct config *c = source->config;

	for (size_t i = 0; i < c->output_count; i++) {
		if (span_equal_text(name, c->outputs[i]->name))
			return source->workers[i];
	}
	return NULL;
}

static bool answer_replay(void *owner, const cJSON *body, struct reply *reply)
{
	const struct why_source *source = owner;
	struct span name = text_of(body, "output");
	struct worker *worker = worker_named(source, name);
	struct wall_time from = wall_time_now();
	double since;

	if (worker == NULL) {
		str_append_text(&reply->problem, "there is no output \"");
		str_append_escaped(&reply->problem, name);
		str_append_text(&reply->problem, "\"; known are:");
		for (size_t i = 0; i < source->config->output_count; i++)
			str_printf(&reply->problem, " %s", source->config->outputs[i]->name);
		return false;
	}
	if (!number_of(body, "since", 0, 1e9, &since)) {
		str_append_text(&reply->problem, "\"since\" is missing: how many seconds back");
		return false;
	}
	from.ns -= (int64_t)(since * 1e9);
	str_printf(&reply->members, ",\"records\":%" PRIu64, worker_replay(worker, from));
	return true;
}

static void add_objects(void *owner, struct span array, bool is_last)
{
	add_page(owner, "objects", array, is_last);
}

static bool answer_pending(void *owner, const cJSON *body, struct reply *reply)
{
	const struct why_source *source = owner;
	const char *names[MAX_OUTPUTS];

	(void)body;
	for (size_t i = 0; i < source->config->output_count; i++)
		names[i] = source->config->outputs[i]->name;
	pending_format_json(source->pending, names, source->config->output_count, PAGE_BYTES,
			add_objects, reply);
	return true;
}

const struct question_kind ask_kinds[] = {
	{ "why", answer_why },
	{ "replay", answer_replay },
	{ "pending", answer_pending },
	{ NULL, NULL },
};
