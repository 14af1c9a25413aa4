/* SPDX-License-Identifier: MIT */
#include "gateway/relay/template_impl.h"

#include "common/json.h"
#include "common/mem.h"
#include "common/nearest.h"
#include "common/percent.h"
#include "gateway/relay/time_format.h"

static const struct {
	const char *name;
	enum field field;
} fields[] = {
	{ "topic", FIELD_TOPIC },
	{ "host", FIELD_HOST },
	{ "service", FIELD_SERVICE },
	{ "state", FIELD_STATE },
	{ "state_text", FIELD_STATE_TEXT },
	{ "output", FIELD_OUTPUT },
	{ "long_output", FIELD_LONG_OUTPUT },
	{ "perfdata", FIELD_PERFDATA },
	{ "payload", FIELD_PAYLOAD },
	{ "client", FIELD_CLIENT },
	{ "user", FIELD_USER },
	{ "address", FIELD_ADDRESS },
	{ "id", FIELD_ID },
	{ "gateway", FIELD_GATEWAY },
	{ "time", FIELD_TIME },
	{ "received", FIELD_RECEIVED },
};

static void append_lower(struct span text, struct str *into)
{
	size_t start = into->len;

	str_append(into, text);
	for (size_t i = start; i < into->len; i++) {
		if (into->text[i] >= 'A' && into->text[i] <= 'Z')
			into->text[i] = (char)(into->text[i] | 0x20);
	}
}

static void append_dots(struct span text, struct str *into)
{
	size_t start = into->len;

	str_append(into, text);
	for (size_t i = start; i < into->len; i++) {
		uint8_t c = (uint8_t)into->text[i], small = c | 0x20;

		if (!((c >= '0' && c <= '9') || (small >= 'a' && small <= 'z') || c == '-' ||
				    c == '_'))
			into->text[i] = '_';
	}
}

static void append_json(struct span text, struct str *into)
{
	json_append_escaped(into, text);
}

static const struct template_filter filters[] = {
	{ "json", append_json },
	{ "url", percent_encode },
	{ "lower", append_lower },
	{ "dots", append_dots },
};

/* --- reading ------------------------------------------------------------------------------ */

/* What is read, for the sentence that says what is wrong with it. */
struct template_reader {
	struct span text, rest;
	struct str *problem;
};

static bool refuse(struct template_reader *r)
{
	struct str at = { 0 };

	str_printf(&at, "column %zu: ", r->text.len - r->rest.len + 1);
	str_append(&at, str_span(r->problem));
	str_clear(r->problem);
	str_append(r->problem, str_span(&at));
	str_finish(&at);
	return false;
}

/* "there is no ${hots}; did you mean ${host}?", or the beginning of a list of what there is. */
static void tell_unknown(struct template_reader *r, const char *mark, struct span word,
		const char *end, const char *best)
{
	str_printf(r->problem, "there is no %s", mark);
	str_append_escaped(r->problem, word);
	str_append_text(r->problem, end);
	if (best != NULL)
		str_printf(r->problem, "; did you mean %s%s%s?", mark, best, end);
	else
		str_append_text(r->problem, "; take");
}

static bool parse_field(struct template_reader *r, struct span name, enum field *ret)
{
	struct nearest nearest = { 0 };

	for (size_t i = 0; i < array_size(fields); i++) {
		if (span_equal_text(name, fields[i].name)) {
			*ret = fields[i].field;
			return true;
		}
		nearest_offer(&nearest, name, fields[i].name);
	}
	tell_unknown(r, "${", name, "}", nearest.best);
	for (size_t i = 0; nearest.best == NULL && i < array_size(fields); i++)
		str_printf(r->problem, " ${%s}", fields[i].name);
	return refuse(r);
}

static bool parse_filter(
		struct template_reader *r, struct span name, struct record_template_part *part)
{
	struct nearest nearest = { 0 };

	if (part->filter_count == MAX_FILTERS) {
		str_printf(r->problem, "more than %d filters; leave some out", MAX_FILTERS);
		return refuse(r);
	}
	for (size_t i = 0; i < array_size(filters); i++) {
		if (span_equal_text(name, filters[i].name)) {
			part->filters[part->filter_count++] = &filters[i];
			return true;
		}
		nearest_offer(&nearest, name, filters[i].name);
	}
	tell_unknown(r, "|", name, "", nearest.best);
	for (size_t i = 0; nearest.best == NULL && i < array_size(filters); i++)
		str_printf(r->problem, " |%s", filters[i].name);
	return refuse(r);
}

static bool check_format(struct template_reader *r, struct span format)
{
	struct span unknown = time_format_unknown(format);

	if (unknown.len == 0)
		return true;
	str_append_text(r->problem, "a time has no ");
	str_append_escaped(r->problem, unknown);
	str_append_text(r->problem, "; take");
	time_format_append_known(r->problem);
	return refuse(r);
}

/* What follows the name of a field: levels of a topic, or the format of a time. */
static bool parse_detail(
		struct template_reader *r, struct span detail, struct record_template_part *part)
{
	if (detail.len == 0)
		return true;
	if (detail.data[0] == '[') {
		if (part->field != FIELD_TOPIC) {
			str_append_text(r->problem, "only ${topic} has levels");
			return refuse(r);
		}
		part->has_levels = topic_levels_parse(detail, &part->levels);
		if (!part->has_levels)
			str_append_text(r->problem,
					"levels of a topic are counted from 0: ${topic[N]}, "
					"${topic[N..M]} or ${topic[N..]}");
		return part->has_levels || refuse(r);
	}
	if (part->field != FIELD_TIME && part->field != FIELD_RECEIVED) {
		str_append_text(r->problem, "only ${time} and ${received} take a format, as in "
					    "${time:%Y.%m.%d}");
		return refuse(r);
	}
	detail = span_from(detail, 1);
	if (!check_format(r, detail))
		return false;
	part->text = span_dup_text(detail);
	return true;
}

static struct record_template_part *add_part(struct record_template *t, enum field field)
{
	t->parts = grow_array(t->parts, t->count, &t->capacity, sizeof(*t->parts));
	t->parts[t->count] = (struct record_template_part){ .field = field };
	return &t->parts[t->count++];
}

/* What stands between ${ and }: "topic[2]|lower|json". */
static bool parse_expression(struct template_reader *r, struct span text, struct record_template *t)
{
	struct record_template_part *part = add_part(t, FIELD_TOPIC);
	struct span field = span_cut(&text, '|');
	size_t end = 0;

	while (end < field.len && field.data[end] != '[' && field.data[end] != ':')
		end++;
	if (!parse_field(r, span_first(field, end), &part->field) ||
			!parse_detail(r, span_from(field, end), part))
		return false;
	while (text.data != NULL) {
		if (!parse_filter(r, span_cut(&text, '|'), part))
			return false;
	}
	return true;
}

/* The cursor is on a dollar; it is moved behind what the dollar begins. */
static bool parse_dollar(struct template_reader *r, struct record_template *t)
{
	size_t end;

	if (r->rest.len > 1 && r->rest.data[1] == '$') {
		add_part(t, FIELD_LITERAL)->text = xstrdup("$");
		r->rest = span_from(r->rest, 2);
		return true;
	}
	if (r->rest.len < 2 || r->rest.data[1] != '{') {
		str_append_text(r->problem, "a dollar begins a field, ${host}; write $$ for a "
					    "dollar");
		return refuse(r);
	}
	end = span_find(r->rest, '}');
	if (end == r->rest.len) {
		str_append_text(r->problem, "opens ${ and does not close it; write }");
		return refuse(r);
	}
	if (!parse_expression(r, span_of(r->rest.data + 2, end - 2), t))
		return false;
	r->rest = span_from(r->rest, end + 1);
	return true;
}

bool record_template_parse(struct span text, struct record_template *ret, struct str *problem)
{
	struct template_reader r = { text, text, problem };

	*ret = (struct record_template){ 0 };
	while (r.rest.len > 0) {
		size_t plain = span_find(r.rest, '$');

		if (plain > 0)
			add_part(ret, FIELD_LITERAL)->text =
					span_dup_text(span_first(r.rest, plain));
		r.rest = span_from(r.rest, plain);
		if (r.rest.len > 0 && !parse_dollar(&r, ret)) {
			record_template_finish(ret);
			return false;
		}
	}
	return true;
}

void record_template_finish(struct record_template *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->parts[i].text);
	free(t->parts);
	*t = (struct record_template){ 0 };
}

bool record_template_is_constant(const struct record_template *t)
{
	for (size_t i = 0; i < t->count; i++) {
		enum field field = t->parts[i].field;

		if (field != FIELD_LITERAL && field != FIELD_GATEWAY)
			return false;
	}
	return true;
}
