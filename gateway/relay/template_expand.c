/* SPDX-License-Identifier: MIT */
#include "gateway/relay/template_impl.h"

#include "gateway/relay/time_format.h"

static void append_event_id(
		const struct origin *origin, const struct record *record, struct str *into)
{
	char id[EVENT_ID_LENGTH];

	origin_event_id(origin, record, id);
	str_append(into, span_of(id, sizeof(id)));
}

/* Of a check result: the state, as a digit or a word. */
static struct span state_of(const struct record *record, bool is_text)
{
	static const char digits[] = "0123";
	const struct check_result *r = &record->result;

	if (record->kind != RECORD_RESULT)
		return span_of(NULL, 0);
	return is_text ? span_of_text(check_state_name(r->state, r->service.len == 0))
		       : span_of(digits + ((unsigned)r->state & 3), 1);
}

/* A field that is there already; false when it has to be made. */
static bool field_span(enum field field, const struct record_template_part *part,
		const struct origin *origin, const struct record *record, struct span *ret)
{
	static const struct publisher nobody = { .known = false };
	const struct publisher *p = record->publisher.known ? &record->publisher : &nobody;
	const struct check_result *r = &record->result;

	switch (field) {
	case FIELD_LITERAL:
		*ret = span_of_text(part->text);
		return true;
	case FIELD_TOPIC:
		*ret = record->topic;
		return !part->has_levels;
	case FIELD_SERVICE:
		*ret = r->service;
		return true;
	case FIELD_STATE:
		*ret = state_of(record, false);
		return true;
	case FIELD_STATE_TEXT:
		*ret = state_of(record, true);
		return true;
	case FIELD_OUTPUT:
		*ret = r->output;
		return true;
	case FIELD_LONG_OUTPUT:
		*ret = r->long_output;
		return true;
	case FIELD_PERFDATA:
		*ret = r->perfdata;
		return true;
	case FIELD_PAYLOAD:
		*ret = record->payload;
		return true;
	case FIELD_CLIENT:
		*ret = p->client;
		return true;
	case FIELD_USER:
		*ret = p->user;
		return true;
	case FIELD_ADDRESS:
		*ret = p->address;
		return true;
	case FIELD_GATEWAY:
		*ret = origin->gateway;
		return true;
	case FIELD_HOST:
	case FIELD_ID:
	case FIELD_TIME:
	case FIELD_RECEIVED:
		break;
	}
	return false;
}

static void append_made(const struct record_template_part *part, const struct origin *origin,
		const struct record *record, struct str *into)
{
	const char *format = part->text != NULL ? part->text : "%Y-%m-%dT%H:%M:%S.%LZ";

	if (part->field == FIELD_TOPIC)
		topic_levels_append(&part->levels, record->topic, into);
	else if (part->field == FIELD_HOST)
		origin_append_host(origin, record, into);
	else if (part->field == FIELD_ID)
		append_event_id(origin, record, into);
	else if (part->field == FIELD_TIME)
		time_format_append(into, format, record_time(record));
	else if (part->field == FIELD_RECEIVED)
		time_format_append(into, format, record->received);
}

/* Two texts, as a filter cannot read from the one it writes to. */
struct scratch {
	struct str texts[2];
};

static void append_part(const struct record_template_part *part, const struct origin *origin,
		const struct record *record, struct scratch *scratch, struct str *into)
{
	struct span text;
	bool is_there = field_span(part->field, part, origin, record, &text);

	if (part->filter_count == 0) {
		if (is_there)
			str_append(into, text);
		else
			append_made(part, origin, record, into);
		return;
	}
	if (!is_there) {
		str_clear(&scratch->texts[1]);
		append_made(part, origin, record, &scratch->texts[1]);
		text = str_span(&scratch->texts[1]);
	}
	for (size_t i = 0; i < part->filter_count; i++) {
		struct str *to = &scratch->texts[i % 2];

		if (i + 1 == part->filter_count)
			to = into;
		else
			str_clear(to);
		part->filters[i]->append(text, to);
		text = str_span(to);
	}
}

void record_template_expand(const struct record_template *t, const struct origin *origin,
		const struct record *record, struct str *into)
{
	struct scratch scratch = { 0 };

	for (size_t i = 0; i < t->count; i++)
		append_part(&t->parts[i], origin, record, &scratch, into);
	str_finish(&scratch.texts[0]);
	str_finish(&scratch.texts[1]);
}
