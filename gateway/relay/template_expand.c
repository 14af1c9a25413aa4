/* SPDX-License-Identifier: MIT */
#include "gateway/relay/template_impl.h"

#include "gateway/relay/stamp.h"

static void append_since_1970(struct str *into, struct wall_time time)
{
	int64_t second = wall_time_seconds(time);

	if (second < 0)
		str_append_byte(into, '-');
	str_append_number(into, (uint64_t)(second < 0 ? -second : second));
}

static void append_conversion(struct str *into, char conversion, struct wall_time time,
		const struct civil_time *t)
{
	int week_year, week;

	switch (conversion) {
	case 'Y':
		append_digits(into, (unsigned)t->year, 4);
		break;
	case 'y':
		append_digits(into, (unsigned)t->year % 100, 2);
		break;
	case 'm':
		append_digits(into, (unsigned)t->month, 2);
		break;
	case 'd':
		append_digits(into, (unsigned)t->day, 2);
		break;
	case 'H':
		append_digits(into, (unsigned)t->hour, 2);
		break;
	case 'M':
		append_digits(into, (unsigned)t->minute, 2);
		break;
	case 'S':
		append_digits(into, (unsigned)t->second, 2);
		break;
	case 'j':
		append_digits(into, (unsigned)t->year_day, 3);
		break;
	case 'G':
		civil_time_week(t, &week_year);
		append_digits(into, (unsigned)week_year, 4);
		break;
	case 'V':
		week = civil_time_week(t, &week_year);
		append_digits(into, (unsigned)week, 2);
		break;
	case 's':
		append_since_1970(into, time);
		break;
	case 'L':
		append_digits(into, (unsigned)t->nanosecond / 1000000, 3);
		break;
	case 'N':
		append_digits(into, (unsigned)t->nanosecond, 9);
		break;
	default:
		str_append_byte(into, conversion); /* %% */
		break;
	}
}

static void append_time(struct str *into, struct wall_time time, const char *format)
{
	struct civil_time civil = civil_time_of(time);

	for (const char *at = format; *at != '\0'; at++) {
		if (*at != '%') {
			str_append_byte(into, *at);
			continue;
		}
		at++;
		if (*at == 'F')
			append_time(into, time, "%Y-%m-%d");
		else if (*at == 'T')
			append_time(into, time, "%H:%M:%S");
		else
			append_conversion(into, *at, time, &civil);
	}
}

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
		append_time(into, record_time(record), format);
	else if (part->field == FIELD_RECEIVED)
		append_time(into, record->received, format);
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
