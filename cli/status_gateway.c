/* SPDX-License-Identifier: MIT */
#include "cli/status_gateway.h"

#include "cli/columns.h"
#include "cli/gateway_report.h"
#include "common/json.h"

/* How the screen is written to. */
struct page {
	FILE *out;
	bool colours;
	struct wall_time now;
};

/* --- cells --------------------------------------------------------------------------------- */

/* A member as a column of its own. */
struct column {
	const char *name;
	const char *title;
	void (*show)(struct str *into, double value);
};

static void show_rate(struct str *into, double value)
{
	show_number(into, value);
	str_append_text(into, "/s");
}

static void show_count(struct str *into, double value)
{
	str_printf(into, "%.0f", value);
}

/* Behind name and state; what else is a number, and not 0, has a line below the table. */
static const struct column output_columns[] = {
	{ "behind", "behind", show_count },
	{ "lag_seconds", "oldest", show_seconds },
	{ "rate_10s", "10 s", show_rate },
	{ "rate_60s", "1 min", show_rate },
	{ "results", "results", show_count },
	{ NULL, NULL, NULL },
};
/* All that is a number, under its own name. */
static const struct column broker_columns[] = { { NULL, NULL, NULL } };

static bool has_column(const struct column *columns, const char *name)
{
	while (columns->name != NULL && strcmp(columns->name, name) != 0)
		columns++;
	return columns->name != NULL;
}

static char *title_of(const char *name)
{
	struct str title = { 0 };

	str_append_escaped(&title, span_of_text(name));
	for (size_t i = 0; i < title.len; i++) {
		if (title.text[i] == '_')
			title.text[i] = ' ';
	}
	return str_take(&title);
}

static void add_title(struct columns *c, const char *title, bool is_right)
{
	struct str text = { 0 };

	str_append_text(&text, title);
	if (is_right)
		columns_figure(c, COLOUR_DIM, &text);
	else
		columns_text(c, COLOUR_DIM, title);
	str_finish(&text);
}

static void add_titles(struct columns *c, const struct column *columns, const cJSON *first)
{
	const cJSON *item;

	for (const struct column *column = columns; column->name != NULL; column++)
		add_title(c, column->title, true);
	cJSON_ArrayForEach(item, first)
	{
		if (cJSON_IsNumber(item) && !has_column(columns, item->string)) {
			AUTO_FREE char *title = title_of(item->string);

			add_title(c, title, true);
		}
	}
}

/* The same columns as the titles, which are those of the first object. */
static void add_figures(struct columns *c, const struct column *columns, const cJSON *first,
		const cJSON *object)
{
	struct str text = { 0 };
	const cJSON *item;

	for (const struct column *column = columns; column->name != NULL; column++) {
		column->show(&text, report_number(object, column->name));
		columns_figure(c, COLOUR_NONE, &text);
	}
	cJSON_ArrayForEach(item, first)
	{
		if (!cJSON_IsNumber(item) || has_column(columns, item->string))
			continue;
		show_count(&text, report_number(object, item->string));
		columns_figure(c, COLOUR_NONE, &text);
	}
}

/* "2 h 3 min", with words in front and behind; "-" when it does not say. */
static void add_age(struct columns *c, const cJSON *object, const char *name, const char *behind,
		const struct page *page)
{
	double age = report_age(object, name, page->now);
	struct str text = { 0 };

	if (age < 0) {
		columns_text(c, COLOUR_DIM, "-");
		return;
	}
	show_seconds(&text, age);
	str_append_text(&text, behind);
	columns_text(c, COLOUR_NONE, str_text(&text));
	str_finish(&text);
}

static void add_name(struct columns *c, const cJSON *object)
{
	struct str name = { 0 };

	str_append_escaped(&name, span_of_text(object->string));
	columns_text(c, COLOUR_BOLD, str_text(&name));
	str_finish(&name);
}

static bool is_true(const cJSON *object, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* --- tables -------------------------------------------------------------------------------- */

/* Members that are objects with a name. */
static const cJSON *first_object(const cJSON *objects)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, objects)
	{
		if (cJSON_IsObject(item) && item->string != NULL)
			return item;
	}
	return NULL;
}

static void print_brokers(const struct page *page, const cJSON *brokers)
{
	const cJSON *first = first_object(brokers), *broker;
	struct columns c = { 0 };
	struct str protocol = { 0 };

	if (first == NULL)
		return;
	add_title(&c, "broker", false);
	add_title(&c, "", false);
	add_title(&c, "for", false);
	add_title(&c, "MQTT", false);
	add_titles(&c, broker_columns, first);
	columns_end_row(&c);
	cJSON_ArrayForEach(broker, brokers)
	{
		bool connected = is_true(broker, "connected");

		if (!cJSON_IsObject(broker) || broker->string == NULL)
			continue;
		add_name(&c, broker);
		columns_text(&c, connected ? COLOUR_GREEN : COLOUR_RED,
				connected ? "connected" : "NOT CONNECTED");
		add_age(&c, broker, "since", "", page);
		str_clear(&protocol);
		report_text(broker, "protocol", &protocol);
		columns_text(&c, COLOUR_NONE, protocol.len > 0 ? str_text(&protocol) : "-");
		add_figures(&c, broker_columns, first, broker);
		columns_end_row(&c);
	}
	str_finish(&protocol);
	fputc('\n', page->out);
	columns_print(&c, "  ", page->colours, page->out);
}

static void add_output_state(struct columns *c, const cJSON *output)
{
	if (cJSON_IsString(cJSON_GetObjectItemCaseSensitive(output, "problem")))
		columns_text(c, COLOUR_RED, "PROBLEM");
	else if (is_true(output, "connected"))
		columns_text(c, COLOUR_GREEN, "connected");
	else
		columns_text(c, COLOUR_YELLOW, "not reached");
}

static void print_outputs(const struct page *page, const cJSON *outputs)
{
	const cJSON *first = first_object(outputs), *output;
	struct columns c = { 0 };

	if (first == NULL)
		return;
	add_title(&c, "output", false);
	add_title(&c, "", false);
	add_titles(&c, output_columns, NULL);
	add_title(&c, "confirmed", false);
	columns_end_row(&c);
	cJSON_ArrayForEach(output, outputs)
	{
		if (!cJSON_IsObject(output) || output->string == NULL)
			continue;
		add_name(&c, output);
		add_output_state(&c, output);
		add_figures(&c, output_columns, NULL, output);
		add_age(&c, output, "last_confirmed", " ago", page);
		columns_end_row(&c);
	}
	fputc('\n', page->out);
	columns_print(&c, "  ", page->colours, page->out);
}

/* "nagios: reissued 2, dead letters 1": what is worth a look only when it is not 0. */
static void print_counts(const struct page *page, const cJSON *outputs)
{
	const cJSON *output, *item;

	cJSON_ArrayForEach(output, outputs)
	{
		const char *separator = ":";
		struct str text = { 0 };

		if (!cJSON_IsObject(output) || output->string == NULL)
			continue;
		cJSON_ArrayForEach(item, output)
		{
			AUTO_FREE char *title = NULL;

			if (!cJSON_IsNumber(item) || cJSON_GetNumberValue(item) == 0 ||
					has_column(output_columns, item->string))
				continue;
			if (text.len == 0)
				str_append_escaped(&text, span_of_text(output->string));
			title = title_of(item->string);
			str_printf(&text, "%s %s ", separator, title);
			show_count(&text, cJSON_GetNumberValue(item));
			separator = ",";
		}
		if (text.len > 0)
			fprintf(page->out, "  %s\n", str_text(&text));
		str_finish(&text);
	}
}

/* What an output's plugin counts: each one has its own names, so that no table holds them. */
static void print_plugin_counts(const struct page *page, const cJSON *outputs)
{
	const cJSON *output, *item;

	cJSON_ArrayForEach(output, outputs)
	{
		const cJSON *counts = cJSON_GetObjectItemCaseSensitive(output, "plugin");
		const char *separator = ":";
		struct str text = { 0 };

		if (output->string == NULL || counts == NULL || counts->child == NULL)
			continue;
		str_append_escaped(&text, span_of_text(output->string));
		cJSON_ArrayForEach(item, counts)
		{
			str_append_text(&text, separator);
			str_append_byte(&text, ' ');
			str_append_escaped(&text, span_of_text(item->string));
			str_append_byte(&text, ' ');
			show_count(&text, report_number(counts, item->string));
			separator = ",";
		}
		fprintf(page->out, "  %s\n", str_text(&text));
		str_finish(&text);
	}
}

static bool is_wrong(const cJSON *object)
{
	return cJSON_IsString(cJSON_GetObjectItemCaseSensitive(object, "problem")) ||
	       cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(object, "connected"));
}

/* What went wrong last, but for what still does: that stands on top. */
static void print_last_errors(const struct page *page, const cJSON *objects)
{
	const cJSON *object;

	cJSON_ArrayForEach(object, objects)
	{
		double age = report_age(object, "last_error_time", page->now);
		struct str text = { 0 };

		if (age < 0 || object->string == NULL || is_wrong(object))
			continue;
		str_append_escaped(&text, span_of_text(object->string));
		str_append_text(&text, ": last error, ");
		show_seconds(&text, age);
		str_append_text(&text, " ago: ");
		report_text(object, "last_error", &text);
		fprintf(page->out, "  %s%s%s\n", colour_on(COLOUR_DIM, page->colours),
				str_text(&text), colour_off(COLOUR_DIM, page->colours));
		str_finish(&text);
	}
}

static void print_journal(const struct page *page, const cJSON *journal)
{
	double most = report_number(journal, "max_bytes");
	struct str text = { 0 };

	if (!cJSON_IsObject(journal))
		return;
	str_printf(&text, "journal: %.0f waiting", report_number(journal, "waiting"));
	if (report_number(journal, "waiting") > 0) {
		str_append_text(&text, ", the oldest for ");
		show_seconds(&text, report_number(journal, "oldest_seconds"));
	}
	str_append_text(&text, "; ");
	show_bytes(&text, report_number(journal, "bytes"));
	str_append_text(&text, " of ");
	show_bytes(&text, most);
	if (most > 0)
		str_printf(&text, " (%.1f %%)", report_number(journal, "bytes") / most * 100);
	fprintf(page->out, "\n  %s\n", str_text(&text));
	str_finish(&text);
}

/* Numbers that are neither of the tables above nor of the first line, two in a row. */
static void print_numbers(const struct page *page, const cJSON *object, const char *title)
{
	struct columns c = { 0 };
	struct str text = { 0 };
	const cJSON *item;
	size_t n = 0;

	cJSON_ArrayForEach(item, object)
	{
		AUTO_FREE char *name = NULL;

		if (!cJSON_IsNumber(item) || item->string == NULL ||
				strcmp(item->string, "interval") == 0 ||
				strcmp(item->string, "reject_rate") == 0)
			continue;
		name = title_of(item->string);
		columns_text(&c, COLOUR_NONE, name);
		show_count(&text, cJSON_GetNumberValue(item));
		columns_figure(&c, COLOUR_NONE, &text);
		if (++n % 2 == 0)
			columns_end_row(&c);
	}
	columns_end_row(&c);
	str_finish(&text);
	if (n == 0)
		return;
	fprintf(page->out, "\n%s", title);
	columns_print(&c, *title != '\0' ? "    " : "  ", page->colours, page->out);
}

/* --- a gateway ----------------------------------------------------------------------------- */

static void print_heading(const struct page *page, const struct gateway_report *r)
{
	static const enum colour colours[] = { COLOUR_GREEN, COLOUR_YELLOW, COLOUR_MAGENTA,
		COLOUR_RED };
	enum colour colour = colours[gateway_report_severity(r)];
	struct str text = { 0 };

	if (r->uptime >= 0 && strcmp(r->state, "offline") != 0) {
		str_append_text(&text, " for ");
		show_seconds(&text, r->uptime + r->age);
	}
	if (cJSON_GetObjectItemCaseSensitive(r->json, "version") != NULL) {
		str_append_text(&text, ", version ");
		report_text(r->json, "version", &text);
	}
	if (r->age >= 0) {
		str_append_text(&text, ", as of ");
		show_seconds(&text, r->age);
		str_append_text(&text, " ago");
	}
	fprintf(page->out, "%s%s%s: %s%s%s%s\n", colour_on(COLOUR_BOLD, page->colours), r->name,
			colour_off(COLOUR_BOLD, page->colours), colour_on(colour, page->colours),
			r->state, colour_off(colour, page->colours), str_text(&text));
	str_finish(&text);
}

static void print_findings(const struct page *page, const struct gateway_report *r)
{
	static const char *const words[] = { "", "WARNING", "UNKNOWN", "CRITICAL" };

	for (size_t i = 0; i < r->finding_count; i++) {
		const char *word = words[r->findings[i].severity];
		enum colour colour = colour_of_state(word);

		fprintf(page->out, "  %s%s%s %s\n", colour_on(colour, page->colours), word,
				colour_off(colour, page->colours), r->findings[i].text);
	}
}

static void print_gateway(const struct page *page, const struct gateway_report *r)
{
	const cJSON *brokers = cJSON_GetObjectItemCaseSensitive(r->json, "brokers");
	const cJSON *outputs = cJSON_GetObjectItemCaseSensitive(r->json, "outputs");

	print_heading(page, r);
	print_findings(page, r);
	if (strcmp(r->state, "offline") == 0)
		return;
	print_brokers(page, brokers);
	print_last_errors(page, brokers);
	print_outputs(page, outputs);
	print_counts(page, outputs);
	print_plugin_counts(page, outputs);
	print_last_errors(page, outputs);
	print_journal(page, cJSON_GetObjectItemCaseSensitive(r->json, "journal"));
	print_numbers(page, r->json, "");
	print_numbers(page, cJSON_GetObjectItemCaseSensitive(r->json, "rejects"),
			"  refused because of\n");
}

void status_gateway_print(const struct retained_set *set, struct wall_time now, FILE *out)
{
	struct page page = { out, colours_wanted(out), now };
	struct report_limits limits = report_limits_default();

	for (size_t i = 0; i < set->count; i++) {
		struct gateway_report r = { 0 };

		gateway_report_read(&r, &set->all[i], now, &limits);
		if (i > 0)
			fputc('\n', out);
		print_gateway(&page, &r);
		gateway_report_finish(&r);
	}
}

void status_gateway_json(const struct retained_set *set, FILE *out)
{
	const char *separator = "[";
	struct str json = { 0 };

	for (size_t i = 0; i < set->count; i++) {
		cJSON *gateway = cJSON_Parse(set->all[i].payload);
		char *text = gateway != NULL ? cJSON_PrintUnformatted(gateway) : NULL;

		if (text != NULL) {
			str_clear(&json);
			json_append_printed(&json, span_of_text(text));
			fprintf(out, "%s%s", separator, str_text(&json));
			separator = ",\n ";
		}
		cJSON_free(text);
		cJSON_Delete(gateway);
	}
	fputs(*separator == '[' ? "[]\n" : "]\n", out);
	str_finish(&json);
}

bool status_gateway_is_well(const struct retained_set *set, struct wall_time now)
{
	struct report_limits limits = report_limits_default();
	bool well = true;

	for (size_t i = 0; i < set->count && well; i++) {
		struct gateway_report r = { 0 };

		gateway_report_read(&r, &set->all[i], now, &limits);
		well = r.finding_count == 0;
		gateway_report_finish(&r);
	}
	return well;
}
