/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a JSON object: what the gateway's strict reading takes is taken, and of what is
 * taken cJSON, too, says that it is an object, but for what cJSON cannot read: long numbers, \u0000
 * and halves of surrogates. Where both read it, the object's members are the same, in the same
 * order.
 */
#include "common/hash.h"
#include "common/json_object.h"
#include "common/utf8.h"
#include "gateway/result/json_scan.h"

#include <cjson/cJSON.h>

#include "tests/fuzz/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool strictly_an_object(struct span text)
{
	static struct json_scan scan; /* large, and the same for each text */

	return span_find(text, '\0') == text.len && utf8_valid(text) &&
	       json_scan(&scan, text) == REJECT_NONE && span_trim(text).data[0] == '{';
}

static bool is_odd_for_cjson(struct span text)
{
	size_t digits = 0;

	for (size_t i = 0; i < text.len; i++) {
		digits = text.data[i] >= '0' && text.data[i] <= '9' ? digits + 1 : 0;
		if (digits > 50 || (text.data[i] == '\\' && i + 1 < text.len &&
						   text.data[i + 1] == 'u'))
			return true;
	}
	return false;
}

struct told {
	struct span text;
	const cJSON *next; /* member, as cJSON has them */
};

static bool begins_with(const cJSON *item, uint8_t first)
{
	switch (first) {
	case '"':
		return cJSON_IsString(item);
	case '{':
		return cJSON_IsObject(item);
	case '[':
		return cJSON_IsArray(item);
	case 't':
		return cJSON_IsTrue(item);
	case 'f':
		return cJSON_IsFalse(item);
	case 'n':
		return cJSON_IsNull(item);
	default:
		return cJSON_IsNumber(item);
	}
}

static void check_place(void *to, const struct json_value *value)
{
	const struct told *t = to;
	struct span key = value->key;

	REQUIRE(value->depth >= 1 && value->depth <= JSON_OBJECT_LEVELS);
	if (key.data != NULL)
		REQUIRE(key.data > t->text.data && key.data[-1] == '"' &&
				key.data + key.len < t->text.data + t->text.len &&
				key.data[key.len] == '"');
}

/* Members of the object itself, which cJSON has in a list. */
static void check_member(void *to, const struct json_value *value)
{
	struct told *t = to;

	if (value->depth > 1)
		return;
	REQUIRE(t->next != NULL && begins_with(t->next, value->first));
	if (span_find(value->key, '\\') == value->key.len)
		REQUIRE(span_equal_text(value->key, t->next->string));
	t->next = t->next->next;
}

static void require_as_cjson(struct span text)
{
	cJSON *document = cJSON_ParseWithLength((const char *)text.data, text.len);
	struct told told = { .text = text };

	REQUIRE(cJSON_IsObject(document));
	told.next = document->child;
	json_object_walk(text, check_member, &told);
	REQUIRE(told.next == NULL);
	cJSON_Delete(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	struct told told = { .text = text };
	const char *problem = json_object_walk(text, check_place, &told);

	REQUIRE(problem == json_object_problem(text));
	if (problem != NULL)
		REQUIRE(problem[0] != '\0' && !strictly_an_object(text));
	else if (!is_odd_for_cjson(text))
		require_as_cjson(text);
	return 0;
}
