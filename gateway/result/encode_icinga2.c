/* SPDX-License-Identifier: MIT */
#include "gateway/result/encode_icinga2.h"
#include "common/utf8.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/json.h"
#include "common/name.h"
#include "gateway/result/cut.h"
#include "gateway/result/encode_command.h"

static void append_member(struct str *into, const char *key, struct span value)
{
	str_printf(into, ",\"%s\":", key);
	json_append_string(into, value);
}

/* A double holds the time to less than a microsecond. */
static void append_time(struct str *into, const char *key, struct wall_time time)
{
	int64_t microseconds = time.ns > 0 ? time.ns / 1000 : 0;

	str_printf(into, ",\"%s\":%" PRId64 ".%06" PRId64, key, microseconds / 1000000,
			microseconds % 1000000);
}

static void append_object(struct str *into, struct span host, struct span service)
{
	struct str name = { 0 };
	bool is_host = service.len == 0;

	str_append(&name, host);
	if (!is_host) {
		str_append_byte(&name, '!');
		str_append(&name, service);
	}
	str_append_text(into, is_host ? "{\"type\":\"Host\",\"host\":"
				      : "{\"type\":\"Service\",\"service\":");
	json_append_string(into, str_span(&name));
	str_finish(&name);
}

/* Returns true when something was cut. */
static bool append_output(struct str *into, const struct check_result *r, size_t max_output)
{
	struct span first = utf8_first(r->output, max_output);
	struct span rest = utf8_first(r->long_output, max_output - first.len);
	size_t missing = r->output.len - first.len + r->long_output.len;
	char marker[MAX_MARKER_BYTES];
	struct str text = { 0 };

	str_append(&text, first);
	/* A first line that is cut takes the other lines with it. */
	if (first.len == r->output.len && r->long_output.len > 0) {
		str_append_byte(&text, '\n');
		str_append(&text, rest);
		missing -= rest.len;
	}
	if (missing > 0) {
		snprintf(marker, sizeof(marker), CUT_MARKER, missing);
		str_append_text(&text, marker);
	}
	append_member(into, "plugin_output", str_span(&text));
	str_finish(&text);
	return missing > 0;
}

/* Cut the next value off the front; a blank ends it, but not inside a quoted label. */
static struct span next_value(struct span *rest)
{
	struct span text = span_trim(*rest), value;
	bool quoted = false;
	size_t end = 0;

	while (end < text.len && (quoted || !is_blank(text.data[end])))
		quoted ^= text.data[end++] == '\'';
	value = span_first(text, end);
	*rest = span_from(text, end);
	return value;
}

/* Returns true when something was cut. */
static bool append_perfdata(struct str *into, struct span perfdata, size_t max)
{
	struct span rest = span_trim(perfdata), value = next_value(&rest);
	size_t kept = 0;

	if (value.len == 0)
		return false;
	str_append_text(into, ",\"performance_data\":[");
	for (; value.len > 0 && kept + value.len <= max; value = next_value(&rest)) {
		if (kept > 0)
			str_append_byte(into, ',');
		json_append_string(into, value);
		kept += value.len + 1;
	}
	str_append_byte(into, ']');
	return value.len > 0;
}

static unsigned exit_status(const struct check_result *r)
{
	return r->service.len == 0 && r->state != CHECK_OK ? 1 : (unsigned)r->state;
}

static bool can_be_object(struct span name)
{
	return span_find(name, '!') == name.len;
}

/* Up to the object of the body. False when that is where it ends. */
static bool begin(struct str *into, struct span host, struct span service, const char *action)
{
	if (!name_valid(host) || (service.len > 0 && !name_valid(service)))
		return false;
	str_append(into, host);
	str_append_byte(into, '\n');
	str_append(into, service);
	str_append_byte(into, '\n');
	if (!can_be_object(host) || !can_be_object(service))
		return false;
	str_append_text(into, action);
	append_object(into, host, service);
	return true;
}

bool encode_icinga2(struct str *into, const struct check_result *r, struct wall_time now,
		size_t max_output, const char *source)
{
	struct wall_time time = r->time.ns == 0 || r->time.ns > now.ns ? now : r->time;
	struct span from = r->source;
	bool cut;

	if (from.len == 0 && source != NULL)
		from = span_of_text(source);
	if (!begin(into, r->host, r->service, ""))
		return false;
	str_printf(into, ",\"exit_status\":%u", exit_status(r));
	cut = append_output(into, r, max_output);
	cut |= append_perfdata(into, r->perfdata, max_output);
	append_time(into, "execution_start", time);
	append_time(into, "execution_end", time);
	if (r->ttl > 0)
		str_printf(into, ",\"ttl\":%" PRId64, r->ttl);
	if (from.len > 0)
		append_member(into, "check_source", from);
	str_append_byte(into, '}');
	return cut;
}

/* --- commands ------------------------------------------------------------------------------ */

const char *icinga2_action(enum command_kind kind)
{
	static const char *const actions[COMMAND_COUNT] = {
		[COMMAND_DOWNTIME] = "schedule-downtime",
		[COMMAND_ACKNOWLEDGE] = "acknowledge-problem",
		[COMMAND_REMOVE_ACKNOWLEDGEMENT] = "remove-acknowledgement",
		[COMMAND_COMMENT] = "add-comment",
	};

	return actions[kind];
}

static void append_bool(struct str *into, const char *key, bool value)
{
	str_printf(into, ",\"%s\":%s", key, value ? "true" : "false");
}

const char *encode_command_icinga2(struct str *into, const struct command *c, struct wall_time now)
{
	(void)now;
	if (!begin(into, c->host, c->service, icinga2_action(c->kind)))
		return NULL;
	if (c->author.len > 0)
		append_member(into, "author", c->author);
	if (c->comment.len > 0)
		append_member(into, "comment", c->comment);
	if (c->kind == COMMAND_DOWNTIME) {
		append_time(into, "start_time", c->start);
		append_time(into, "end_time", c->end);
		append_bool(into, "fixed", c->fixed);
		if (!c->fixed)
			str_printf(into, ",\"duration\":%" PRId64, c->duration);
	} else if (c->kind == COMMAND_ACKNOWLEDGE) {
		append_bool(into, "sticky", c->sticky);
		append_bool(into, "notify", c->notify);
		append_bool(into, "persistent", c->persistent);
		if (c->expire.ns > 0)
			append_time(into, "expiry", c->expire);
	}
	str_append_byte(into, '}');
	return NULL;
}

/* --- items --------------------------------------------------------------------------------- */

struct icinga2_item icinga2_item_of(struct span text)
{
	struct icinga2_item item = { .body = text };

	item.host = span_cut(&item.body, '\n');
	item.service = span_cut(&item.body, '\n');
	item.action = span_first(item.body, span_find(item.body, '{'));
	item.body = span_from(item.body, item.action.len);
	return item;
}
