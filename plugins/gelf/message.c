/* SPDX-License-Identifier: MIT */
#include "plugins/gelf/message.h"

#include <inttypes.h>

#include "common/json.h"
#include "plugins/text.h"

static struct span or_else(struct span text, const char *otherwise)
{
	return text.len > 0 ? text : span_of_text(otherwise);
}

/* Seconds since 1970 with milliseconds, as a number. */
static void append_timestamp(struct str *into, int64_t time_ns)
{
	int64_t ms = time_ns > 0 ? time_ns / 1000000 : 0;

	str_printf(into, ",\"timestamp\":%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
}

static void append_texts(struct str *into, const struct relay_record *record)
{
	struct span text = span_trim(text_span(record->text));
	struct span more = text_span(record->long_output);
	struct span first = span_trim(span_first(text, span_find(text, '\n')));
	struct str full = { 0 };

	json_append_member(into, "short_message", or_else(first, "-"));
	str_append(&full, text);
	if (more.len > 0) {
		str_append_byte(&full, '\n');
		str_append(&full, more);
	}
	if (full.len > first.len)
		json_append_member(into, "full_message", str_span(&full));
	str_finish(&full);
}

static void append_field(struct str *into, const char *key, struct span text)
{
	if (text.len > 0)
		json_append_member(into, key, text);
}

void gelf_append_message(
		struct str *into, const struct gelf_form *form, const struct relay_record *record)
{
	const struct severity_state *state = severity_state_of(record);
	struct span host = or_else(text_span(record->host), form->hostname);

	str_append_text(into, "{\"version\":\"1.1\"");
	json_append_member(into, "host", or_else(host, "-"));
	append_texts(into, record);
	append_timestamp(into, record->time_ns);
	str_printf(into, ",\"level\":%d", (int)(state != NULL ? state->severity : form->severity));
	append_field(into, "_event_id", text_span(record->id));
	append_field(into, "_gateway", span_of_text(form->gateway));
	append_field(into, "_topic", text_span(record->topic));
	append_field(into, "_service", text_span(record->service));
	append_field(into, "_state", span_of_text(state != NULL ? state->word : ""));
	append_field(into, "_perfdata", text_span(record->perfdata));
	str_append_byte(into, '}');
}
