/* SPDX-License-Identifier: MIT */
#include "gateway/result/json_document.h"

#include "common/hash.h"
#include "common/mem.h"
#include "gateway/result/decode_parts.h"

/* So many seconds still fit a struct duration. */
static const uint64_t max_seconds = INT64_MAX / 1000000000;

/*
 * Number the numbers. cJSON keeps a double only; json_scan() has kept the texts in the order of
 * the document, and valueint, which saturates and so is of no use otherwise, becomes the place in
 * that list. Recursion ends at MAX_JSON_DEPTH.
 */
static void number_numbers(cJSON *at, int *count)
{
	for (; at != NULL; at = at->next) {
		if (cJSON_IsNumber(at))
			at->valueint = (*count)++;
		else if (at->child != NULL)
			number_numbers(at->child, count);
	}
}

enum reject json_document_parse(
		struct json_scan *scan, struct span text, struct str *detail, cJSON **ret)
{
	const char *end = NULL;
	enum reject reject = json_scan(scan, text);
	int numbers = 0;
	cJSON *root;

	str_clear(detail);
	*ret = NULL;
	if (reject != REJECT_NONE) {
		str_printf(detail, "byte %zu: %s", scan->offset, scan->problem);
		return reject;
	}
	root = cJSON_ParseWithLengthOpts((const char *)text.data, text.len, &end, false);
	/* The scan has seen the end already; should the two ever differ, neither is believed. */
	if (root == NULL || (const char *)text.data + text.len != end) {
		cJSON_Delete(root);
		return REJECT_NOT_JSON;
	}
	number_numbers(root, &numbers);
	*ret = root;
	return REJECT_NONE;
}

struct json_reader *json_reader_create(void)
{
	struct json_reader *r = xcalloc(1, sizeof(*r));

	r->scan.seed = hash_seed();
	return r;
}

void json_reader_destroy(struct json_reader *r)
{
	if (r == NULL)
		return;
	json_scan_finish(&r->scan);
	str_finish(&r->detail);
	cJSON_Delete(r->root);
	free(r);
}

enum reject json_reader_text(struct json_reader *r, struct span payload, struct span *ret)
{
	cJSON_Delete(r->root);
	r->root = NULL;
	return payload_text(payload, &r->detail, ret);
}

enum reject json_reader_parse(struct json_reader *r, struct span text)
{
	return json_document_parse(&r->scan, text, &r->detail, &r->root);
}

struct span json_number_text(const struct json_scan *scan, const cJSON *number)
{
	return scan->numbers[number->valueint];
}

bool json_value_text(const struct json_scan *scan, const cJSON *value, struct span *ret)
{
	if (cJSON_IsString(value))
		*ret = span_of_text(value->valuestring);
	else if (cJSON_IsNumber(value))
		*ret = json_number_text(scan, value);
	else
		return false;
	return true;
}

bool json_seconds(struct span text, int64_t *ret)
{
	uint64_t value;
	size_t point = span_find(text, '.');

	for (size_t i = point + 1; i < text.len; i++) {
		if (text.data[i] != '0')
			return false;
	}
	if (!span_to_uint(span_first(text, point), max_seconds, &value))
		return false;
	*ret = (int64_t)value;
	return true;
}
