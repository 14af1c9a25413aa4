/* SPDX-License-Identifier: MIT */
#include "cli/plugin_answer.h"

#include <inttypes.h>

#include "common/json.h"

static unsigned badness(enum plugin_code code)
{
	static const unsigned ranks[] = {
		[PLUGIN_OK] = 0, [PLUGIN_WARNING] = 1, [PLUGIN_UNKNOWN] = 2, [PLUGIN_CRITICAL] = 3
	};

	return ranks[code];
}

void plugin_answer_add(struct plugin_answer *a, enum plugin_code code, const char *format, ...)
{
	va_list args;

	if (badness(code) > badness(a->code))
		a->code = code;
	if (a->text.len > 0)
		str_append_text(&a->text, " / ");
	va_start(args, format);
	str_vprintf(&a->text, format, args);
	va_end(args);
}

/* In single quotes, which are doubled in it; without =, which no label may have. */
static void append_label(struct str *into, const char *prefix, const char *name)
{
	struct str label = { 0 }, shown = { 0 };

	str_printf(&label, "%s%s", prefix, name);
	str_append_escaped(&shown, str_span(&label));
	str_append_byte(into, '\'');
	for (size_t i = 0; i < shown.len; i++) {
		if (shown.text[i] == '\'')
			str_append_byte(into, '\'');
		str_append_byte(into,
				shown.text[i] == '=' || shown.text[i] == '|' ? '_' : shown.text[i]);
	}
	str_append_byte(into, '\'');
	str_finish(&label);
	str_finish(&shown);
}

static void append_limit(struct str *into, uint64_t limit)
{
	str_append_byte(into, ';');
	if (limit > 0)
		str_printf(into, "%" PRIu64, limit);
}

void plugin_answer_perfdata(struct plugin_answer *a, const char *prefix, const char *name,
		double value, const char *unit, uint64_t warning, uint64_t critical)
{
	if (a->perfdata.len > 0)
		str_append_byte(&a->perfdata, ' ');
	append_label(&a->perfdata, prefix, name);
	str_printf(&a->perfdata, value == (double)(int64_t)value ? "=%.0f%s" : "=%.3f%s", value,
			unit);
	if (warning == 0 && critical == 0)
		return;
	append_limit(&a->perfdata, warning);
	append_limit(&a->perfdata, critical);
}

/* A | would begin the performance data. */
static void print_text(const struct plugin_answer *a, FILE *out)
{
	for (size_t i = 0; i < a->text.len; i++)
		fputc(a->text.text[i] == '|' ? '!' : a->text.text[i], out);
}

int plugin_answer_print(const struct plugin_answer *a, const char *name, bool json, FILE *out)
{
	static const char *const words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
	struct str text = { 0 };

	if (json) {
		str_printf(&text, "{\"state\":\"%s\",\"code\":%d,\"text\":", words[a->code],
				a->code);
		json_append_string(&text, str_span(&a->text));
		str_append_text(&text, ",\"perfdata\":");
		json_append_string(&text, str_span(&a->perfdata));
		fprintf(out, "%s}\n", str_text(&text));
	} else {
		fprintf(out, "%s %s - ", name, words[a->code]);
		print_text(a, out);
		fprintf(out, "%s%s\n", a->perfdata.len > 0 ? " | " : "", str_text(&a->perfdata));
	}
	str_finish(&text);
	return (int)a->code;
}

void plugin_answer_finish(struct plugin_answer *a)
{
	str_finish(&a->text);
	str_finish(&a->perfdata);
}
