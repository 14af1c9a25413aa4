/* SPDX-License-Identifier: MIT */
#include "cli/status_gateway.h"

#include <cjson/cJSON.h>

/* Members that are objects of their own, or shown in the first line. */
static const char *const shown_elsewhere[] = { "state", "client_id", "version", "time", "started",
	"journal", "rejects", "outputs" };

static void print_text(FILE *out, const cJSON *text, const char *otherwise)
{
	const char *value = cJSON_GetStringValue(text);
	struct str shown = { 0 };

	str_append_escaped(&shown, span_of_text(value != NULL ? value : otherwise));
	fputs(str_text(&shown), out);
	str_finish(&shown);
}

static void print_name(FILE *out, const char *name)
{
	struct str shown = { 0 };

	str_append_escaped(&shown, span_of_text(name));
	fprintf(out, "  %-28s ", str_text(&shown));
	str_finish(&shown);
}

static double number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItem(object, name);

	return cJSON_IsNumber(item) ? cJSON_GetNumberValue(item) : 0;
}

static bool is_shown_elsewhere(const char *name)
{
	for (size_t i = 0; i < array_size(shown_elsewhere); i++) {
		if (strcmp(shown_elsewhere[i], name) == 0)
			return true;
	}
	return false;
}

static void print_numbers(const cJSON *object, FILE *out)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, object)
	{
		if (!cJSON_IsNumber(item) || item->string == NULL ||
				is_shown_elsewhere(item->string))
			continue;
		print_name(out, item->string);
		fprintf(out, "%.0f\n", cJSON_GetNumberValue(item));
	}
}

static void print_outputs(const cJSON *outputs, FILE *out)
{
	const cJSON *output;

	cJSON_ArrayForEach(output, outputs)
	{
		const cJSON *problem = cJSON_GetObjectItem(output, "problem");

		fputs("output ", out);
		print_text(out, NULL, output->string != NULL ? output->string : "?");
		fprintf(out, ": %.0f results delivered, %.0f records behind",
				number(output, "results"), number(output, "behind"));
		if (cJSON_IsString(problem)) {
			fputs("; ", out);
			print_text(out, problem, "");
		}
		fputc('\n', out);
	}
}

static void print_gateway(const cJSON *gateway, FILE *out)
{
	const cJSON *journal = cJSON_GetObjectItem(gateway, "journal");
	const cJSON *rejects = cJSON_GetObjectItem(gateway, "rejects");

	fputs("gateway ", out);
	print_text(out, cJSON_GetObjectItem(gateway, "client_id"), "?");
	fputs(": ", out);
	print_text(out, cJSON_GetObjectItem(gateway, "state"), "does not tell its state");
	if (cJSON_GetObjectItem(gateway, "version") != NULL) {
		fputs(", version ", out);
		print_text(out, cJSON_GetObjectItem(gateway, "version"), "?");
		fputs(", since ", out);
		print_text(out, cJSON_GetObjectItem(gateway, "started"), "?");
		fputs(", as of ", out);
		print_text(out, cJSON_GetObjectItem(gateway, "time"), "?");
	}
	fputc('\n', out);
	print_outputs(cJSON_GetObjectItem(gateway, "outputs"), out);
	if (journal != NULL)
		fprintf(out, "journal: %.0f records, %.0f of %.0f bytes\n",
				number(journal, "records"), number(journal, "bytes"),
				number(journal, "max_bytes"));
	print_numbers(gateway, out);
	if (cJSON_GetArraySize(rejects) > 0) {
		fputs("rejected because of\n", out);
		print_numbers(rejects, out);
	}
}

void status_gateway_print(const struct retained_set *set, FILE *out)
{
	for (size_t i = 0; i < set->count; i++) {
		cJSON *gateway = cJSON_Parse(set->all[i].payload);

		if (i > 0)
			fputc('\n', out);
		if (gateway != NULL) {
			print_gateway(gateway, out);
		} else {
			print_text(out, NULL, set->all[i].topic);
			fputs(": is no JSON\n", out);
		}
		cJSON_Delete(gateway);
	}
}

void status_gateway_json(const struct retained_set *set, FILE *out)
{
	const char *separator = "[";

	for (size_t i = 0; i < set->count; i++) {
		cJSON *gateway = cJSON_Parse(set->all[i].payload);
		char *text = gateway != NULL ? cJSON_PrintUnformatted(gateway) : NULL;

		if (text != NULL) {
			fprintf(out, "%s%s", separator, text);
			separator = ",\n ";
		}
		cJSON_free(text);
		cJSON_Delete(gateway);
	}
	fputs(*separator == '[' ? "[]\n" : "]\n", out);
}

static bool is_well(const cJSON *gateway)
{
	const char *state = cJSON_GetStringValue(cJSON_GetObjectItem(gateway, "state"));
	const cJSON *output;

	cJSON_ArrayForEach(output, cJSON_GetObjectItem(gateway, "outputs"))
	{
		if (cJSON_IsString(cJSON_GetObjectItem(output, "problem")))
			return false;
	}
	return state != NULL && strcmp(state, "online") == 0;
}

bool status_gateway_is_well(const struct retained_set *set)
{
	bool well = true;

	for (size_t i = 0; i < set->count && well; i++) {
		cJSON *gateway = cJSON_Parse(set->all[i].payload);

		well = is_well(gateway);
		cJSON_Delete(gateway);
	}
	return well;
}
