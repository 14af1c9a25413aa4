/* SPDX-License-Identifier: MIT */
/*
 * JSON payloads of results in all their envelopes.
 */
#include "common/result_keys.h"
#include "common/time_parse.h"
#include "gateway/result/decode_parts.h"
#include "gateway/result/json_document.h"
#include "gateway/result/perfdata.h"

#include <math.h>
#include <stdio.h>

/* The values of one result, by the row of key_aliases; null counts as not given. */
struct fields {
	const cJSON *values[MAX_KEY_ALIASES];
	const cJSON *best[KEY_COUNT]; /* of the values of each key, the one that counts */
	int best_row[KEY_COUNT];
};

/* The largest double without an exponent. */
enum { NUMBER_BYTES = 400 };

/* Why a field could not be read, and what was found. */
struct problem {
	enum reject reject;
	struct span detail;
};

static bool fail(struct problem *p, enum reject reject, struct span detail)
{
	*p = (struct problem){ reject, detail };
	return false;
}

static bool fail_at(struct problem *p, enum reject reject, const cJSON *at)
{
	return fail(p, reject, at->string != NULL ? span_of_text(at->string) : (struct span){ 0 });
}

/* --- keys --- */

/* Put the members of `object` into their rows. The same row twice is the same key twice. */
static bool collect_fields(struct fields *fields, const cJSON *object, struct problem *p)
{
	for (const cJSON *member = object->child; member != NULL; member = member->next) {
		int row = key_alias_find(span_of_text(member->string));
		enum result_key key;

		if (row < 0 || cJSON_IsNull(member))
			continue;
		/* The scan compares with case, the table without: {"state":0,"State":2}. */
		if (fields->values[row] != NULL)
			return fail_at(p, REJECT_DUPLICATE_KEY, member);
		fields->values[row] = member;
		key = key_aliases[row].key;
		if (fields->best[key] == NULL || row < fields->best_row[key]) {
			fields->best[key] = member;
			fields->best_row[key] = row;
		}
	}
	return true;
}

static const cJSON *field(const struct fields *fields, enum result_key key)
{
	return fields->best[key];
}

/* --- fields of a result --- */

static bool read_name(const struct decoder *d, const cJSON *value, enum reject reject,
		struct span *ret, struct problem *p)
{
	if (value != NULL && !json_value_text(&d->scan, value, ret))
		return fail_at(p, reject, value);
	return true;
}

static bool read_names(const struct decoder *d, const struct fields *fields, struct draft *draft,
		struct problem *p)
{
	const cJSON *type = field(fields, KEY_TYPE);

	if (!read_name(d, field(fields, KEY_HOST), REJECT_BAD_HOST, &draft->host, p) ||
			!read_name(d, field(fields, KEY_SERVICE), REJECT_BAD_SERVICE,
					&draft->service, p))
		return false;
	/* Other words are other people's: mod_gearman's "type" is passive or active. */
	if (cJSON_IsString(type) && span_equal_nocase(span_of_text(type->valuestring),
						    (struct span)SPAN("host")))
		draft->kind = DRAFT_HOST;
	if (cJSON_IsString(type) && span_equal_nocase(span_of_text(type->valuestring),
						    (struct span)SPAN("service")))
		draft->kind = DRAFT_SERVICE;
	return true;
}

static bool parse_state(const struct decoder *d, const cJSON *value, bool is_host,
		enum check_state *ret, struct problem *p)
{
	struct span text;

	if (!json_value_text(&d->scan, value, &text))
		return fail_at(p, REJECT_BAD_STATE, value);
	/* 2.0 is the 2 of languages that know no whole numbers. */
	if (cJSON_IsNumber(value) && text.len == 3 && text.data[1] == '.' && text.data[2] == '0')
		text.len = 1;
	if (!check_state_parse(span_trim(text), is_host, ret))
		return fail(p, REJECT_BAD_STATE, text);
	return true;
}

/*
 * Every key that means the state has to be readable and say the same: of {"code":0,
 * "status":"FAILED"} neither is believed.
 */
static bool read_state(const struct decoder *d, const struct fields *fields, struct draft *draft,
		struct problem *p)
{
	bool is_host = draft->result.service.len == 0;
	bool found = false;

	for (size_t i = key_alias_first(KEY_STATE); key_aliases[i].key == KEY_STATE; i++) {
		const cJSON *value = fields->values[i];
		enum check_state state;

		if (value == NULL ||
				(cJSON_IsString(value) &&
						span_trim(span_of_text(value->valuestring)).len ==
								0))
			continue;
		if (!parse_state(d, value, is_host, &state, p))
			return false;
		if (found && state != draft->result.state)
			return fail_at(p, REJECT_BAD_STATE, value);
		draft->result.state = state;
		found = true;
	}
	return found || fail(p, REJECT_NO_STATE, (struct span){ 0 });
}

/* Text, or an array of lines. */
static bool read_lines(const struct decoder *d, struct str *scratch, const cJSON *value,
		struct span *ret, struct problem *p)
{
	if (value == NULL || json_value_text(&d->scan, value, ret))
		return true;
	if (!cJSON_IsArray(value))
		return fail_at(p, REJECT_BAD_VALUE, value);
	str_clear(scratch);
	for (const cJSON *line = value->child; line != NULL; line = line->next) {
		struct span text;

		if (!json_value_text(&d->scan, line, &text))
			return fail_at(p, REJECT_BAD_VALUE, value);
		if (line != value->child)
			str_append_byte(scratch, '\n');
		str_append(scratch, text);
	}
	*ret = str_span(scratch);
	return true;
}

/* A time, a ttl, an identifier: a number or a string, and an empty string is none. */
static bool read_optional(const struct decoder *d, const cJSON *value, enum reject reject,
		struct span *ret, struct problem *p)
{
	*ret = (struct span){ 0 };
	if (value == NULL)
		return true;
	if (!json_value_text(&d->scan, value, ret))
		return fail_at(p, reject, value);
	*ret = span_trim(*ret);
	return true;
}

static bool read_rest(const struct decoder *d, const struct fields *fields,
		struct check_result *result, struct problem *p)
{
	struct span time, ttl;

	result->ttl = -1;
	if (!read_optional(d, field(fields, KEY_TIME), REJECT_BAD_TIME, &time, p) ||
			!read_optional(d, field(fields, KEY_TTL), REJECT_BAD_VALUE, &ttl, p) ||
			!read_optional(d, field(fields, KEY_ID), REJECT_BAD_VALUE, &result->id,
					p) ||
			!read_optional(d, field(fields, KEY_SOURCE), REJECT_BAD_VALUE,
					&result->source, p))
		return false;
	if (time.len > 0 && !time_parse(time, &result->time))
		return fail(p, REJECT_BAD_TIME, time);
	if (ttl.len > 0 && !json_seconds(ttl, &result->ttl))
		return fail(p, REJECT_BAD_VALUE, ttl);
	return true;
}

/* --- perfdata --- */

/*
 * A number as perfdata writes it: as it was written, but without an exponent, which the plugin
 * guidelines do not know.
 */
static bool plain_number(const struct decoder *d, const cJSON *number, char buffer[NUMBER_BYTES],
		struct span *ret)
{
	struct span text = json_number_text(&d->scan, number);
	double value = number->valuedouble;
	int len;

	*ret = text;
	if (span_find(text, 'e') == text.len && span_find(text, 'E') == text.len)
		return true;
	if (!isfinite(value))
		return false;
	len = snprintf(buffer, NUMBER_BYTES, "%.*f", fabs(value) < 1e15 ? 9 : 0, value);
	if (strchr(buffer, '.') != NULL) {
		while (buffer[len - 1] == '0')
			len--;
		len -= buffer[len - 1] == '.';
	}
	*ret = span_of(buffer, (size_t)len);
	return true;
}

/* One member of {"label": ...}: a part of the item as a number or a string. */
static bool perfdata_part(const struct decoder *d, const cJSON *value, char buffer[NUMBER_BYTES],
		struct span *ret)
{
	if (cJSON_IsNumber(value))
		return plain_number(d, value, buffer, ret);
	if (cJSON_IsString(value))
		*ret = span_trim(span_of_text(value->valuestring));
	else if (!cJSON_IsNull(value))
		return false;
	return true;
}

/* {"value":98,"unit":"%","warn":80,"crit":90,"min":0,"max":100}, other keys ignored. */
static bool read_perfdata_parts(const struct decoder *d, const cJSON *object,
		char buffers[][NUMBER_BYTES], struct perfdata_item *item)
{
	static const struct {
		const char *name;
		size_t offset;
	} parts[] = {
		{ "value", offsetof(struct perfdata_item, value) },
		{ "val", offsetof(struct perfdata_item, value) },
		{ "unit", offsetof(struct perfdata_item, uom) },
		{ "uom", offsetof(struct perfdata_item, uom) },
		{ "warn", offsetof(struct perfdata_item, warn) },
		{ "crit", offsetof(struct perfdata_item, crit) },
		{ "min", offsetof(struct perfdata_item, min) },
		{ "max", offsetof(struct perfdata_item, max) },
	};

	for (const cJSON *part = object->child; part != NULL; part = part->next) {
		for (size_t i = 0; i < array_size(parts); i++) {
			struct span *at = (struct span *)(void *)((char *)item + parts[i].offset);

			if (!span_equal_nocase(span_of_text(part->string),
					    span_of_text(parts[i].name)))
				continue;
			if (at->len > 0 || !perfdata_part(d, part, buffers[i], at))
				return false;
		}
	}
	return true;
}

static bool append_perfdata_item(struct decoder *d, const cJSON *value)
{
	struct perfdata_item item = { .label = span_of_text(value->string) };
	char buffers[8][NUMBER_BYTES];

	if (cJSON_IsObject(value)) {
		if (!read_perfdata_parts(d, value, buffers, &item))
			return false;
	} else if (!perfdata_part(d, value, buffers[0], &item.value)) {
		return false;
	}
	/* The guidelines' word for "could not be measured". */
	if (cJSON_IsNull(value))
		item.value = (struct span)SPAN("U");
	return perfdata_append(&d->perfdata, &item);
}

static bool read_perfdata(
		struct decoder *d, const cJSON *value, struct draft *draft, struct problem *p)
{
	if (value == NULL)
		return true;
	str_clear(&d->perfdata);
	if (cJSON_IsString(value)) {
		struct span line = span_trim(span_of_text(value->valuestring));

		if (line.len > 0 && line.data[0] == '|')
			line = span_from(line, 1);
		perfdata_append_line(&d->perfdata, line);
	} else if (cJSON_IsArray(value)) {
		for (const cJSON *item = value->child; item != NULL; item = item->next) {
			if (!cJSON_IsString(item))
				return fail_at(p, REJECT_BAD_VALUE, value);
			perfdata_append_line(&d->perfdata, span_of_text(item->valuestring));
		}
	} else if (cJSON_IsObject(value)) {
		for (const cJSON *item = value->child; item != NULL; item = item->next) {
			if (!append_perfdata_item(d, item))
				return fail_at(p, REJECT_BAD_VALUE, item);
		}
	} else {
		return fail_at(p, REJECT_BAD_VALUE, value);
	}
	draft->perfdata = str_span(&d->perfdata);
	draft->has_perfdata = true;
	return true;
}

/* --- results and their envelopes --- */

static bool read_result(
		struct decode_job *job, const cJSON *object, struct draft *draft, struct problem *p)
{
	struct decoder *d = job->decoder;
	struct fields fields = { 0 };
	const cJSON *nested;

	if (!collect_fields(&fields, object, p))
		return false;
	nested = field(&fields, KEY_CHECKRESULT);
	if (cJSON_IsObject(nested) && !collect_fields(&fields, nested, p))
		return false;
	if (!read_names(d, &fields, draft, p))
		return false;
	p->reject = draft_names(job->input, draft, &p->detail);
	if (p->reject != REJECT_NONE)
		return false;
	if (!read_state(d, &fields, draft, p) ||
			!read_lines(d, &d->output, field(&fields, KEY_OUTPUT), &draft->output, p) ||
			!read_lines(d, &d->long_output, field(&fields, KEY_LONG_OUTPUT),
					&draft->long_output, p) ||
			!read_perfdata(d, field(&fields, KEY_PERFDATA), draft, p) ||
			!read_rest(d, &fields, &draft->result, p))
		return false;
	draft_output(d, draft);
	return true;
}

static void decode_result(struct decode_job *job, const cJSON *value)
{
	struct draft draft = { .kind = DRAFT_EITHER };
	struct problem problem = { REJECT_NONE, { NULL, 0 } };

	if (!cJSON_IsObject(value))
		decode_refuse(job, REJECT_NOT_OBJECT, problem.detail, NULL);
	else if (read_result(job, value, &draft, &problem))
		decode_accept(job, &draft);
	else
		decode_refuse(job, problem.reject, problem.detail, &draft);
}

static void decode_array(struct decode_job *job, const cJSON *array)
{
	for (const cJSON *element = array->child; element != NULL; element = element->next) {
		decode_result(job, element);
		job->index++;
	}
}

/*
 * The array inside {"checkresults":[...]} or {"results":[...]}, or NULL. "results" may also be
 * somebody's own key beside a state: then the object is a result.
 */
static const cJSON *envelope_array(const cJSON *object)
{
	const cJSON *results = NULL;
	bool has_state = false;

	for (const cJSON *member = object->child; member != NULL; member = member->next) {
		struct span name = span_of_text(member->string);
		int row = key_alias_find(name);

		if (cJSON_IsArray(member) &&
				span_equal_nocase(name, (struct span)SPAN("checkresults")))
			return member;
		if (cJSON_IsArray(member) && span_equal_nocase(name, (struct span)SPAN("results")))
			results = member;
		has_state = has_state || (row >= 0 && key_aliases[row].key == KEY_STATE);
	}
	return has_state ? NULL : results;
}

static void decode_document(struct decode_job *job, const cJSON *root)
{
	const cJSON *array = cJSON_IsObject(root) ? envelope_array(root) : root;

	if (cJSON_IsArray(array))
		decode_array(job, array);
	else
		decode_result(job, root);
}

void decode_json(struct decode_job *job)
{
	struct decoder *d = job->decoder;
	enum reject reject;
	cJSON *root;

	reject = json_document_parse(&d->scan, job->payload, &d->detail, &root);
	if (reject != REJECT_NONE)
		decode_refuse(job, reject, str_span(&d->detail), NULL);
	else
		decode_document(job, root);
	cJSON_Delete(root);
}
