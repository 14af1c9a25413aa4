/* SPDX-License-Identifier: MIT */
#include "gateway/why.h"

#include <errno.h>
#include <inttypes.h>

#include "common/json.h"
#include "common/mem.h"

enum {
	MAX_TEXT = 512,
	PIECE = 4096, /* records that are read at once: meanwhile the journal cannot grow */
};

/* The last matching events, as JSON objects, in a ring. */
struct search {
	const struct why *why;
	const struct why_source *source;
	struct str *ring;
	struct why_found found;
	size_t left; /* of the piece at hand */
};

static void add_text(struct str *into, const char *key, struct span text)
{
	if (text.len > MAX_TEXT) {
		text.len = MAX_TEXT;
		while (text.len > 0 && (text.data[text.len] & 0xc0) == 0x80)
			text.len--;
	}
	str_printf(into, ",\"%s\":", key);
	json_append_string(into, text);
}

static void add_time(struct str *into, const char *key, struct wall_time time)
{
	char text[WALL_TIME_TEXT];

	add_text(into, key, span_of_text(wall_time_format(time, text)));
}

static bool is_meant(const struct why *why, struct span host, struct span service)
{
	return span_equal(host, why->host) &&
	       (why->all_services || span_equal(service, why->service));
}

/* The core of the output has refused it meanwhile, as far as is remembered. */
static void add_missing(const struct search *s, const struct check_result *result, size_t output,
		struct str *into)
{
	enum object_presence missing;
	const struct reject_info *info;

	if (s->source->pending == NULL || !pending_lacks(s->source->pending, output, result->host,
							  result->service, &missing))
		return;
	info = reject_info(
			missing == OBJECT_NO_HOST ? REJECT_UNKNOWN_HOST : REJECT_UNKNOWN_SERVICE);
	add_text(into, "code", span_of_text(info->code));
	add_text(into, "reason", span_of_text(info->reason));
	add_text(into, "remedy", span_of_text(info->remedy));
}

/* How far each output is with the record. */
static void add_outputs(const struct search *s, const struct record *r, struct str *into)
{
	const struct config *c = s->source->config;
	bool first = true;

	str_append_text(into, ",\"outputs\":{");
	for (size_t i = 0; i < c->output_count; i++) {
		struct wall_time confirmed;
		enum worker_place place;

		if (!routes_lead(c->routes, c->route_count, r->topic, r->naming, r->result.host, i))
			continue;
		place = worker_place_of(s->source->workers[i], r->sequence, &confirmed);
		if (!first)
			str_append_byte(into, ',');
		first = false;
		json_append_string(into, span_of_text(c->outputs[i]->name));
		str_append_text(into, ":{\"stage\":");
		json_append_string(into, span_of_text(worker_place_name(place)));
		if (confirmed.ns != 0) {
			add_time(into, "confirmed", confirmed);
			str_printf(into, ",\"ms\":%.3f",
					(double)(confirmed.ns - r->received.ns) / 1e6);
		}
		add_missing(s, &r->result, i, into);
		str_append_byte(into, '}');
	}
	str_append_byte(into, '}');
}

static void add_result(const struct search *s, const struct record *r, struct str *into)
{
	const struct check_result *c = &r->result;

	str_printf(into, ",\"event\":\"%s\",\"state\":%d", r->is_own ? "silence" : "result",
			(int)c->state);
	add_text(into, "state_text", span_of_text(check_state_name(c->state, c->service.len == 0)));
	add_text(into, "output", c->output);
	add_time(into, "time", c->time);
	if (c->id.len > 0)
		add_text(into, "id", c->id);
	add_outputs(s, r, into);
}

static void add_refusal(const struct record *r, struct str *into)
{
	const struct reject_info *info = reject_info(r->rejection.reject);

	str_append_text(into, ",\"event\":\"rejected\"");
	add_text(into, "code", span_of_text(info->code));
	add_text(into, "reason", span_of_text(info->reason));
	add_text(into, "remedy", span_of_text(info->remedy));
	add_text(into, "detail", r->rejection.detail);
	str_printf(into, ",\"index\":%" PRIu32, r->index);
}

static void add_presence(const struct record *r, struct str *into)
{
	str_printf(into, ",\"event\":\"%s\"", r->presence.is_there ? "there" : "gone");
}

static void add_command(const struct record *r, struct str *into)
{
	str_append_text(into, ",\"event\":\"command\"");
	add_text(into, "command", span_of_text(command_name(r->command.kind)));
	add_text(into, "author", r->command.author);
	add_text(into, "comment", r->command.comment);
}

static struct str *next_in_ring(
		struct search *s, struct span host, struct span service, const struct record *r)
{
	struct str *into = &s->ring[s->found.count++ % s->why->limit];

	str_clear(into);
	str_printf(into, "{\"sequence\":%" PRIu64, r->sequence);
	add_time(into, "received", r->received);
	add_text(into, "host", host);
	add_text(into, "service", service);
	add_text(into, "topic", r->topic);
	if (r->publisher.user.len > 0)
		add_text(into, "user", r->publisher.user);
	if (r->publisher.client.len > 0)
		add_text(into, "client", r->publisher.client);
	return into;
}

static void look_at(struct search *s, const struct record *r)
{
	struct span host = { 0 }, service = { 0 };
	struct str *into;

	if (s->found.oldest.ns == 0)
		s->found.oldest = r->received;
	if (r->kind == RECORD_MESSAGE) /* is of no host */
		return;
	if (r->kind == RECORD_RESULT) {
		host = r->result.host;
		service = r->result.service;
	} else if (r->kind == RECORD_REFUSAL) {
		host = r->rejection.host;
		service = r->rejection.service;
	} else if (r->kind == RECORD_PRESENCE) {
		host = r->presence.host;
		service = r->presence.service;
	} else if (r->kind == RECORD_COMMAND) {
		host = r->command.host;
		service = r->command.service;
	}
	if (!is_meant(s->why, host, service))
		return;
	into = next_in_ring(s, host, service, r);
	if (r->kind == RECORD_RESULT)
		add_result(s, r, into);
	else if (r->kind == RECORD_REFUSAL)
		add_refusal(r, into);
	else if (r->kind == RECORD_COMMAND)
		add_command(r, into);
	else
		add_presence(r, into);
	str_append_byte(into, '}');
}

static bool take(void *owner, const struct record *r)
{
	struct search *s = owner;

	look_at(s, r);
	return --s->left > 0;
}

static int search(struct search *s)
{
	const struct why *why = s->why;
	uint64_t after = 0;
	int r = 0;

	do {
		if (why->goes_on != NULL && !why->goes_on(why->owner))
			return -ECANCELED;
		s->left = PIECE;
		r = journal_scan(s->source->journal, &after, take, s);
	} while (r == 0 && s->left == 0);
	return r;
}

static void write_pages(const struct search *s, size_t page_bytes,
		void (*page)(void *owner, struct span array, bool is_last), void *owner)
{
	size_t count = s->found.count, limit = s->why->limit;
	struct str array = { 0 };

	str_append_byte(&array, '[');
	for (size_t i = count > limit ? count - limit : 0; i < count; i++) {
		if (array.len >= page_bytes) {
			str_append_byte(&array, ']');
			page(owner, str_span(&array), false);
			str_clear(&array);
			str_append_byte(&array, '[');
		}
		if (array.len > 1)
			str_append_byte(&array, ',');
		str_append(&array, str_span(&s->ring[i % limit]));
	}
	str_append_byte(&array, ']');
	page(owner, str_span(&array), true);
	str_finish(&array);
}

int why_format(const struct why *why, const struct why_source *source, size_t page_bytes,
		void (*page)(void *owner, struct span array, bool is_last), void *owner,
		struct why_found *ret)
{
	struct search s = { .why = why, .source = source };
	int r;

	s.ring = xcalloc(why->limit, sizeof(*s.ring));
	r = search(&s);
	if (r == 0)
		write_pages(&s, page_bytes, page, owner);
	*ret = s.found;
	for (size_t i = 0; i < why->limit; i++)
		str_finish(&s.ring[i]);
	free(s.ring);
	return r;
}
