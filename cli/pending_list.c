/* SPDX-License-Identifier: MIT */
#include "cli/pending_list.h"

#include "common/json.h"
#include "common/mem.h"

static const char *text_of(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(object, key));

	return text != NULL ? text : "";
}

static void add_object(struct pending_list *list, const cJSON *object)
{
	const cJSON *count = cJSON_GetObjectItem(object, "count");

	if (*text_of(object, "host") == '\0')
		return;
	list->all = grow_array(list->all, list->count, &list->capacity, sizeof(*list->all));
	list->all[list->count++] = (struct pending_object){
		.host = text_of(object, "host"),
		.service = text_of(object, "service"),
		.host_is_missing = strcmp(text_of(object, "missing"), "service") != 0,
		.count = cJSON_IsNumber(count) ? cJSON_GetNumberValue(count) : 0,
		.first = text_of(object, "first"),
		.last = text_of(object, "last"),
		.state = text_of(object, "state"),
		.output = text_of(object, "output"),
		.publisher = text_of(object, "publisher"),
	};
}

void pending_list_add(struct pending_list *list, const cJSON *reply)
{
	cJSON *objects = cJSON_Duplicate(cJSON_GetObjectItem(reply, "objects"), true);
	const cJSON *object;

	if (list->replies == NULL)
		list->replies = cJSON_CreateArray();
	if (objects == NULL || list->replies == NULL ||
			!cJSON_AddItemToArray(list->replies, objects)) {
		cJSON_Delete(objects);
		return;
	}
	cJSON_ArrayForEach(object, objects)
	{
		add_object(list, object);
	}
}

static int by_name(const void *a, const void *b)
{
	const struct pending_object *left = a, *right = b;
	int order = strcmp(left->host, right->host);

	return order != 0 ? order : strcmp(left->service, right->service);
}

void pending_list_sort(struct pending_list *list)
{
	if (list->count > 0)
		qsort(list->all, list->count, sizeof(*list->all), by_name);
}

void pending_list_finish(struct pending_list *list)
{
	free(list->all);
	cJSON_Delete(list->replies);
	*list = (struct pending_list){ 0 };
}

/* --- showing -------------------------------------------------------------------------------- */

static void print_column(FILE *out, const char *text, int width)
{
	struct str shown = { 0 };

	str_append_escaped(&shown, span_of_text(text));
	fprintf(out, "%-*s  ", width, str_text(&shown));
	str_finish(&shown);
}

void pending_list_print(const struct pending_list *list, FILE *out)
{
	fprintf(out, "%-20s  %-20s  %-8s  %7s  %-24s  %s\n", "host", "service", "state", "results",
			"last", "output");
	for (size_t i = 0; i < list->count; i++) {
		const struct pending_object *o = &list->all[i];
		struct str output = { 0 };

		print_column(out, o->host, 20);
		print_column(out, *o->service != '\0' ? o->service : "-", 20);
		print_column(out, o->state, 8);
		fprintf(out, "%7.0f  ", o->count);
		print_column(out, o->last, 24);
		str_append_escaped(&output, span_of_text(o->output));
		fprintf(out, "%s\n", str_text(&output));
		str_finish(&output);
	}
}

static void add_member(struct str *into, const char *key, const char *text)
{
	str_printf(into, ",\"%s\":", key);
	json_append_string(into, span_of_text(text));
}

void pending_list_json(const struct pending_list *list, FILE *out)
{
	struct str line = { 0 };

	for (size_t i = 0; i < list->count; i++) {
		const struct pending_object *o = &list->all[i];

		str_clear(&line);
		str_append_text(&line, i == 0 ? "[{\"host\":" : ",\n {\"host\":");
		json_append_string(&line, span_of_text(o->host));
		add_member(&line, "service", o->service);
		add_member(&line, "missing", o->host_is_missing ? "host" : "service");
		str_printf(&line, ",\"count\":%.0f", o->count);
		add_member(&line, "first", o->first);
		add_member(&line, "last", o->last);
		add_member(&line, "state", o->state);
		add_member(&line, "output", o->output);
		add_member(&line, "publisher", o->publisher);
		str_append_byte(&line, '}');
		fputs(str_text(&line), out);
	}
	fputs(list->count == 0 ? "[]\n" : "]\n", out);
	str_finish(&line);
}

/* --- approving ------------------------------------------------------------------------------ */

static bool define(const struct pending_list *list, struct span host,
		const struct snippet_style *style, struct str *into, struct str *problem)
{
	bool has_host = false;
	size_t found = 0;

	if (!snippet_host_valid(style->core, host, problem))
		return false;
	for (size_t i = 0; i < list->count; i++) {
		const struct pending_object *o = &list->all[i];
		struct span service = span_of_text(o->service);

		if (!span_equal_text(host, o->host))
			continue;
		found++;
		if (o->host_is_missing && !has_host)
			snippet_add_host(into, style, host);
		has_host |= o->host_is_missing;
		if (service.len == 0)
			continue;
		if (!snippet_service_valid(style->core, service, problem))
			return false;
		snippet_add_service(into, style, host, service);
	}
	if (found == 0) {
		str_append_text(problem, "host '");
		str_append_escaped(problem, host);
		str_append_text(problem, "' is not pending; belfry hosts pending lists who is");
	}
	return found > 0;
}

bool pending_list_define(const struct pending_list *list, const char *host,
		const struct snippet_style *style, struct str *into, struct str *problem)
{
	size_t before = into->len;

	if (define(list, span_of_text(host), style, into, problem))
		return true;
	str_truncate(into, before);
	return false;
}
