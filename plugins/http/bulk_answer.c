/* SPDX-License-Identifier: MIT */
#include "plugins/http/bulk_answer.h"

#include <cjson/cJSON.h>

/* "error" is an object, or, from what stands in for Elasticsearch now and then, a text. */
static void read_error(const cJSON *error, struct bulk_item *ret)
{
	const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(error, "type"));
	const char *reason =
			cJSON_IsString(error)
					? error->valuestring
					: cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
							  error, "reason"));

	ret->type = type != NULL ? type : "";
	ret->reason = reason != NULL ? reason : "";
}

/* {"create":{...}}; false when it is something else. */
static bool read_item(const cJSON *item, struct bulk_item *ret)
{
	const cJSON *what = cJSON_IsObject(item) ? item->child : NULL;
	const cJSON *status = cJSON_GetObjectItemCaseSensitive(what, "status");

	if (!cJSON_IsObject(what) || what->next != NULL || !cJSON_IsNumber(status) ||
			!(status->valuedouble >= 100 && status->valuedouble <= 599))
		return false;
	ret->status = (unsigned)status->valuedouble;
	read_error(cJSON_GetObjectItemCaseSensitive(what, "error"), ret);
	return true;
}

static enum bulk_reading check_items(const cJSON *items, size_t count)
{
	struct bulk_item unused;
	const cJSON *item;
	size_t seen = 0;

	if (!cJSON_IsArray(items))
		return BULK_FOREIGN;
	cJSON_ArrayForEach(item, items)
	{
		if (!read_item(item, &unused))
			return BULK_FOREIGN;
		seen++;
	}
	return seen == count ? BULK_ITEMS : BULK_COUNT;
}

static enum bulk_reading read_answer(const cJSON *json, size_t count,
		void (*take)(void *owner, size_t number, const struct bulk_item *item), void *owner)
{
	const cJSON *errors = cJSON_GetObjectItemCaseSensitive(json, "errors");
	const cJSON *items = cJSON_GetObjectItemCaseSensitive(json, "items"), *item;
	enum bulk_reading reading;
	size_t number = 0;

	if (!cJSON_IsObject(json) || !cJSON_IsBool(errors))
		return BULK_FOREIGN;
	if (cJSON_IsFalse(errors))
		return BULK_ALL_WELL;
	reading = check_items(items, count);
	if (reading != BULK_ITEMS)
		return reading;
	cJSON_ArrayForEach(item, items)
	{
		struct bulk_item one;

		if (read_item(item, &one))
			take(owner, number, &one);
		number++;
	}
	return BULK_ITEMS;
}

enum bulk_reading bulk_answer_read(struct span body, size_t count,
		void (*take)(void *owner, size_t number, const struct bulk_item *item), void *owner)
{
	struct span text = span_trim(body);
	const char *end = NULL;
	enum bulk_reading reading = BULK_FOREIGN;
	cJSON *json;

	if (text.len == 0)
		return BULK_FOREIGN;
	json = cJSON_ParseWithLengthOpts((const char *)text.data, text.len, &end, false);
	/* cJSON is content with garbage behind the value. */
	if (json != NULL && end == (const char *)text.data + text.len)
		reading = read_answer(json, count, take, owner);
	cJSON_Delete(json);
	return reading;
}
