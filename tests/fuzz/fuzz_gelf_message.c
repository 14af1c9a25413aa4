/* SPDX-License-Identifier: MIT */
/*
 * Whatever a record is made of, what is written is one JSON object with what GELF 1.1 asks for, and
 * in chunks it is the same again.
 */
#include "plugins/gelf/message.h"

#include <cjson/cJSON.h>

#include "common/utf8.h"
#include "plugins/gelf/chunk.h"
#include "tests/fuzz/relay_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* cJSON takes more than JSON: control characters and bytes that are no UTF-8 are looked for here.
 */
static void check_json(struct span json)
{
	const char *end, *text;
	cJSON *object = cJSON_ParseWithLengthOpts((const char *)json.data, json.len, &end, false);

	MUST(utf8_valid(json));
	for (size_t i = 0; i < json.len; i++)
		MUST(json.data[i] >= ' ' && json.data[i] != 0x7f);
	MUST(cJSON_IsObject(object) && end == (const char *)json.data + json.len);
	text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "version"));
	MUST(text != NULL && strcmp(text, "1.1") == 0);
	text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "host"));
	MUST(text != NULL && text[0] != '\0');
	text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "short_message"));
	MUST(text != NULL && text[0] != '\0');
	MUST(cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(object, "timestamp")));
	MUST(cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(object, "level")));
	MUST(cJSON_GetObjectItemCaseSensitive(object, "_id") == NULL);
	cJSON_Delete(object);
}

static void check_chunks(struct span message, size_t size)
{
	struct datagrams d = { 0 };
	struct str back = { 0 };

	if (!gelf_append_chunks(&d, message, size, 7)) {
		MUST(message.len > (size - GELF_CHUNK_HEADER) * GELF_MOST_CHUNKS);
		MUST(d.count == 0);
		return;
	}
	for (size_t i = 0; i < d.count; i++) {
		struct span part = datagrams_at(&d, i);

		MUST(part.len <= size);
		if (d.count > 1) {
			MUST(part.len > GELF_CHUNK_HEADER && part.data[10] == i &&
					part.data[11] == d.count);
			part = span_from(part, GELF_CHUNK_HEADER);
		}
		str_append(&back, part);
	}
	MUST(span_equal(str_span(&back), message));
	str_finish(&back);
	datagrams_finish(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader reader = reader_of(span_of(data, size));
	uint8_t flags;
	struct relay_record record = take_record(&reader, &flags);
	struct gelf_form form = { (flags & 2) != 0 ? "gw" : "", "g", SEVERITY_DEBUG };
	struct str message = { 0 };

	gelf_append_message(&message, &form, &record);
	check_json(str_span(&message));
	check_chunks(str_span(&message), 13 + flags);
	str_finish(&message);
	return 0;
}
