/* SPDX-License-Identifier: MIT */
/*
 * Any texts in a record, as a relay sees it: whatever they are, the JSON schemas make one object on
 * one line, of valid UTF-8, with no key twice, and the keys that are the schema's own are what the
 * schema says.
 *
 * The first byte is flags; the rest are pieces parted by 0xff 0x00, in the order of `texts_of`.
 */
#include "gateway/relay/schema.h"

#include "common/utf8.h"
#include "gateway/result/json_scan.h"
#include "gateway/result/perfdata.h"
#include "tests/fuzz/report.h"

#include <cjson/cJSON.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	IS_RESULT = 1,
	IS_KNOWN = 2,
	HAS_TIME = 4,
	WITHOUT_PAYLOAD = 8,
	WITH_HOST = 16,
	STATE = 32, /* and 64 */
	RETAINED = 128,
};

static struct span next_piece(struct span *rest)
{
	size_t at = 0;
	struct span piece;

	while (at + 1 < rest->len && (rest->data[at] != 0xff || rest->data[at + 1] != 0))
		at++;
	if (at + 1 >= rest->len)
		at = rest->len;
	piece = span_first(*rest, at);
	*rest = span_from(*rest, at + 2);
	return piece;
}

static struct record record_of(uint8_t flags, struct span rest, struct str *properties)
{
	struct record r = {
		.kind = flags & IS_RESULT ? RECORD_RESULT : RECORD_MESSAGE,
		.sequence = 1234,
		.received = { 1795406706789000000 },
		.retain = (flags & RETAINED) != 0,
		.expires = (flags & HAS_TIME) != 0,
		.is_utf8 = (flags & HAS_TIME) != 0,
		.result = { .state = (enum check_state)(flags / STATE & 3) },
	};
	struct span *const texts[] = { &r.topic, &r.payload, &r.result.host, &r.result.service,
		&r.result.output, &r.result.long_output, &r.result.perfdata, &r.result.id,
		&r.result.source, &r.publisher.client, &r.publisher.user, &r.publisher.address,
		&r.content_type, &r.response_topic, &r.correlation };

	for (size_t i = 0; i < array_size(texts); i++)
		*texts[i] = next_piece(&rest);
	if (flags & HAS_TIME)
		r.result.time.ns = 1795406706289000000;
	r.publisher.known = (flags & IS_KNOWN) != 0;
	while (rest.len > 0) {
		struct span name = next_piece(&rest), value = next_piece(&rest);

		record_add_property(properties, span_first(name, 65535), span_first(value, 65535));
	}
	r.user_properties = str_span(properties);
	return r;
}

/* No level has a key twice; cJSON keeps both, and a scan of more than 64 keys gives up. */
static void require_no_key_twice(const cJSON *level)
{
	const cJSON *a, *b;

	for (a = level->child; a != NULL; a = a->next) {
		for (b = a->next; cJSON_IsObject(level) && b != NULL; b = b->next)
			REQUIRE(strcmp(a->string, b->string) != 0);
		require_no_key_twice(a);
	}
}

static const char *text_at(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_GetStringValue(item);
}

static void require_own_keys(const cJSON *object, const struct record *record, bool is_ecs)
{
	const char *time = record->kind == RECORD_RESULT && record->result.time.ns != 0
					   ? "2026-11-23T04:05:06.289Z"
					   : "2026-11-23T04:05:06.789Z";
	const cJSON *host = cJSON_GetObjectItemCaseSensitive(object, "host");

	REQUIRE(cJSON_IsObject(object) && strcmp(text_at(object, "@timestamp"), time) == 0);
	REQUIRE(cJSON_GetObjectItemCaseSensitive(object, "@metadata") == NULL);
	REQUIRE(host == NULL || (is_ecs ? cJSON_IsObject(host) : cJSON_IsString(host)));
	if (is_ecs) {
		object = cJSON_GetObjectItemCaseSensitive(object, "event");
		REQUIRE(strcmp(text_at(object, "id"), "0000000000000007-00000000000004d2") == 0);
	} else {
		REQUIRE(strcmp(text_at(object, "@version"), "1") == 0);
		REQUIRE(strcmp(text_at(object, "event_id"), "0000000000000007-00000000000004d2") ==
				0);
	}
}

static void require_json(struct span text, const struct record *record, bool is_ecs)
{
	static struct json_scan scan;
	const char *end;
	cJSON *object;
	enum reject reject;

	REQUIRE(utf8_valid(text));
	for (size_t i = 0; i < text.len; i++)
		REQUIRE(text.data[i] >= 0x20);
	reject = json_scan(&scan, text);
	/* One level below what a payload may have, and as many properties as there are. */
	REQUIRE(reject == REJECT_NONE || reject == REJECT_TOO_MANY || reject == REJECT_TOO_DEEP);
	object = cJSON_ParseWithLengthOpts((const char *)text.data, text.len, &end, false);
	REQUIRE(object != NULL && end == (const char *)text.data + text.len);
	require_no_key_twice(object);
	require_own_keys(object, record, is_ecs);
	cJSON_Delete(object);
	json_scan_finish(&scan);
}

static void try_schema(struct schema_options *options, const struct record *record)
{
	struct schema *s = schema_create(options);
	struct str once = { 0 }, twice = { 0 };

	schema_write(s, &once, record);
	if (options->kind == SCHEMA_LOGSTASH || options->kind == SCHEMA_ECS)
		require_json(str_span(&once), record, options->kind == SCHEMA_ECS);
	/* What was kept of a record does not show in the next. */
	schema_write(s, &twice, record);
	REQUIRE(span_equal(str_span(&once), str_span(&twice)));
	schema_destroy(s);
	str_finish(&once);
	str_finish(&twice);
}

/* What is read from performance data can be written, and is read back as the same. */
static void try_perfdata(struct span perfdata)
{
	struct perfdata_reader reader = perfdata_reader_of(perfdata);
	struct perfdata_metric m, again;
	struct str text = { 0 };

	while (perfdata_next(&reader, &m)) {
		struct perfdata_item item = { .label = m.label,
			.value = m.value,
			.uom = m.unit,
			.warn = m.warn,
			.crit = m.crit,
			.min = m.min,
			.max = m.max };
		struct perfdata_reader second;

		REQUIRE(m.label.len > 0 && (m.value.len == 0 || perfdata_is_number(m.value)));
		str_clear(&text);
		if (!perfdata_append(&text, &item))
			continue;
		second = perfdata_reader_of(str_span(&text));
		REQUIRE(perfdata_next(&second, &again));
		REQUIRE(span_equal(again.value, m.value) && span_equal(again.unit, m.unit));
		REQUIRE(span_equal(again.crit, m.crit) && span_equal(again.max, m.max));
		perfdata_reader_finish(&second);
	}
	perfdata_reader_finish(&reader);
	str_finish(&text);
}

/* The topic is read as a template, too: a text of the operator's. */
static void try_template(struct schema_options *options, const struct record *record)
{
	struct record_template template;
	struct str problem = { 0 };

	options->kind = SCHEMA_TEMPLATE;
	options->template = &template;
	if (record_template_parse(record->topic, &template, &problem))
		try_schema(options, record);
	else
		REQUIRE(problem.len > 0);
	record_template_finish(&template);
	str_finish(&problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str properties = { 0 }, problem = { 0 };
	struct template host = { 0 };
	struct schema_options options = { .origin = { .journal = 7, .gateway = SPAN("g") } };
	struct record record;

	if (size == 0)
		return 0;
	record = record_of(data[0], span_of(data + 1, size - 1), &properties);
	REQUIRE(template_parse(span_of_text("${topic[1..]}"), "host", &host, &problem));
	if (data[0] & WITH_HOST)
		options.origin.host = &host;
	if (data[0] & WITHOUT_PAYLOAD)
		options.payload = SCHEMA_PAYLOAD_TEXT;
	for (int kind = SCHEMA_LOGSTASH; kind <= SCHEMA_RAW; kind++) {
		options.kind = (enum schema_kind)kind;
		try_schema(&options, &record);
	}
	try_template(&options, &record);
	try_perfdata(record.result.perfdata);
	template_finish(&host);
	str_finish(&properties);
	return 0;
}
