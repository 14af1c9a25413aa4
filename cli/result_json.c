/* SPDX-License-Identifier: MIT */
/*
 * The payload of a result, and that of a rejection.
 */
#include "cli/result.h"

#include <cjson/cJSON.h>

#include "common/json.h"

static void append_member(struct str *into, const char *key, struct span value, bool is_number)
{
	if (value.len == 0)
		return;
	if (into->text[into->len - 1] != '{')
		str_append_byte(into, ',');
	str_printf(into, "\"%s\":", key);
	if (is_number)
		str_append(into, value);
	else
		json_append_string(into, value);
}

void result_json(const struct result *r, struct str *into)
{
	str_append_byte(into, '{');
	append_member(into, "state", span_of_text(r->state), false);
	append_member(into, "output", r->output, false);
	append_member(into, "long_output", r->long_output, false);
	append_member(into, "perfdata", r->perfdata, false);
	append_member(into, "time", r->time, json_is_number(r->time));
	append_member(into, "ttl", r->ttl, true);
	append_member(into, "id", r->id, false);
	str_append_byte(into, '}');
}

char *reject_sentence(struct span payload)
{
	static const char *const keys[] = { "reason", "detail", "remedy" };
	cJSON *json = cJSON_ParseWithLength((const char *)payload.data, payload.len);
	struct str sentence = { 0 };

	for (size_t i = 0; i < array_size(keys); i++) {
		const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(json, keys[i]));

		if (text != NULL && *text != '\0')
			str_printf(&sentence, "%s%s", sentence.len > 0 ? " " : "", text);
	}
	cJSON_Delete(json);
	if (sentence.len == 0)
		str_append_text(&sentence, "the gateway does not say why");
	return str_take(&sentence);
}
