/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a JSON object: what the gateway's strict reading takes is taken, and of what is
 * taken cJSON, too, says that it is an object, but for what cJSON cannot read: long numbers, \u0000
 * and halves of surrogates.
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

static bool object_to_cjson(struct span text)
{
	cJSON *document = cJSON_ParseWithLength((const char *)text.data, text.len);
	bool is_object = cJSON_IsObject(document);

	cJSON_Delete(document);
	return is_object;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	const char *problem = json_object_problem(text);

	if (problem != NULL)
		REQUIRE(problem[0] != '\0' && !strictly_an_object(text));
	else
		REQUIRE(is_odd_for_cjson(text) || object_to_cjson(text));
	return 0;
}
