/* SPDX-License-Identifier: MIT */
#include "cli/why_event.h"

#include <time.h>

#include "cli/result.h"
#include "cli/show.h"
#include "common/mem.h"
#include "common/time_parse.h"

enum { OUTPUT_MOST = 400 };

static const char *text_of(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text != NULL ? text : "";
}

static void append_text(struct str *into, const char *text)
{
	str_append_escaped(into, span_first(span_of_text(text), OUTPUT_MOST));
}

static void append_coloured(struct str *into, enum colour colour, bool colours, const char *text)
{
	str_append_text(into, colour_on(colour, colours));
	append_text(into, text);
	str_append_text(into, colour_off(colour, colours));
}

/* "2026-11-23 12:01:59.123" of the local time; another text as it is. */
static void append_time(struct str *into, const char *text)
{
	struct wall_time time;
	char shown[32];
	time_t second;
	struct tm tm;

	if (!time_parse(span_of_text(text), &time)) {
		append_text(into, text);
		return;
	}
	second = (time_t)wall_time_seconds(time);
	localtime_r(&second, &tm);
	strftime(shown, sizeof(shown), "%Y-%m-%d %H:%M:%S", &tm);
	str_printf(into, "%s.%03d", shown, (int)(time.ns / 1000000 % 1000));
}

/* --- what came ------------------------------------------------------------------------------ */

static void append_name(struct str *into, const cJSON *event)
{
	const char *service = text_of(event, "service");

	str_append_text(into, "  ");
	append_text(into, text_of(event, "host"));
	if (*service != '\0')
		str_append_byte(into, ' ');
	append_text(into, service);
	str_append_text(into, "  ");
}

/* Who published it; a result of the gateway's own has nobody. */
static void append_publisher(struct str *into, const cJSON *event)
{
	static const char *const keys[] = { "client", "user" };
	const char *separator = "  (";

	for (size_t i = 0; i < array_size(keys); i++) {
		const char *text = text_of(event, keys[i]);

		if (*text == '\0')
			continue;
		str_printf(into, "%s%s ", separator, keys[i]);
		append_text(into, text);
		separator = ", ";
	}
	if (*separator == ',')
		str_append_byte(into, ')');
}

static void append_reason(struct str *into, const cJSON *object, bool colours)
{
	char *printed = cJSON_PrintUnformatted(object);
	AUTO_FREE char *sentence = reject_sentence(span_of_text(printed));
	struct str code = { 0 };

	cJSON_free(printed);
	str_append_text(&code, "REFUSED ");
	str_append_text(&code, text_of(object, "code"));
	append_coloured(into, COLOUR_RED, colours, str_text(&code));
	str_append_text(into, ": ");
	str_append_escaped(into, span_of_text(sentence));
	str_finish(&code);
}

static void append_what(struct str *into, const cJSON *event, bool colours)
{
	const char *kind = text_of(event, "event"), *state = text_of(event, "state_text");

	if (strcmp(kind, "rejected") == 0) {
		append_reason(into, event, colours);
	} else if (strcmp(kind, "there") == 0 || strcmp(kind, "gone") == 0) {
		str_append_text(into, "its publisher says that it is ");
		append_coloured(into, strcmp(kind, "gone") == 0 ? COLOUR_RED : COLOUR_GREEN,
				colours, kind);
	} else {
		append_coloured(into, colour_of_state(state), colours, state);
		str_append_text(into, strcmp(kind, "silence") == 0 ? "  by the gateway: " : "  ");
		append_text(into, text_of(event, "output"));
	}
}

/* --- how far it is -------------------------------------------------------------------------- */

static void append_output(struct str *into, const cJSON *output, bool colours)
{
	const char *stage = text_of(output, "stage");
	const cJSON *ms = cJSON_GetObjectItemCaseSensitive(output, "ms");
	bool is_confirmed = strcmp(stage, "confirmed") == 0;

	str_append_text(into, "    ");
	append_text(into, output->string != NULL ? output->string : "");
	str_append_text(into, ": ");
	if (*text_of(output, "code") != '\0') {
		append_reason(into, output, colours);
	} else {
		append_coloured(into, is_confirmed ? COLOUR_GREEN : COLOUR_YELLOW, colours, stage);
		if (cJSON_IsNumber(ms)) {
			str_append_text(into, " after ");
			show_number(into, ms->valuedouble);
			str_append_text(into, " ms");
		}
	}
	str_append_byte(into, '\n');
}

void why_event_append(struct str *into, const cJSON *event, bool colours)
{
	const cJSON *outputs = cJSON_GetObjectItemCaseSensitive(event, "outputs"), *output;

	append_time(into, text_of(event, "received"));
	append_name(into, event);
	append_what(into, event, colours);
	append_publisher(into, event);
	str_append_byte(into, '\n');
	cJSON_ArrayForEach(output, outputs)
	{
		append_output(into, output, colours);
	}
}

bool why_state_append(struct str *into, const char *payload)
{
	cJSON *json = cJSON_Parse(payload);
	const char *state = text_of(json, "state_text");
	bool ok = *state != '\0';

	if (ok) {
		append_text(into, state);
		str_append_byte(into, ' ');
		append_text(into, text_of(json, "output"));
		str_append_text(into, ", of ");
		append_time(into, text_of(json, "received"));
	}
	cJSON_Delete(json);
	return ok;
}
