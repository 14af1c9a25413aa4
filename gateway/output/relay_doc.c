/* SPDX-License-Identifier: MIT */
#include "common/mem.h"
#include "gateway/output/relay_impl.h"

static void print_rows(FILE *out, bool tls)
{
	struct setting *rows = relay_common_rows(tls);

	settings_print_mdoc_list(out, rows);
	free(rows);
}

void relay_print_mdoc(FILE *out)
{
	fputs(".Ss The section output of a relay\n", out);
	settings_print_mdoc_text(out, "What every output has whose type is a plugin, beside the "
				      "keywords of the plugin itself.");
	print_rows(out, false);
	fputs(".Pp\n", out);
	settings_print_mdoc_text(out, "Besides, of plugins that speak TLS:");
	print_rows(out, true);
}

/* --- one plugin ---------------------------------------------------------------------------- */

static void print_defaults(FILE *out, const struct relay_defaults *d)
{
	struct relay_default row;
	size_t left = 0;

	for (size_t n = 0; relay_default_at(d, n, &row); n++)
		left += row.initial != NULL;
	if (left > 0)
		fputs(".Pp\nDefaults of its own, of keywords that every relay has:\n", out);
	for (size_t n = 0; relay_default_at(d, n, &row); n++) {
		if (row.initial != NULL)
			fprintf(out, ".Cm %s %s %s\n", row.name, row.initial,
					--left > 0 ? "," : ".");
	}
}

static void print_counters(FILE *out, const struct plugin *p)
{
	if (p->counter_count == 0)
		return;
	fputs(".Pp\nIt counts, in the gateway\\(aqs status and for Prometheus:\n"
	      ".Bl -tag -width Ds -compact\n",
			out);
	for (size_t i = 0; i < p->counter_count; i++) {
		fprintf(out, ".It Cm %s\n", p->relay->counters[i].name);
		settings_print_mdoc_text(out, p->relay->counters[i].help);
	}
	fputs(".El\n", out);
}

bool relay_print_plugin_help(FILE *out, const char *folder, struct span name, struct str *problem)
{
	struct relay_type *t = relay_type_load(folder, name, problem);
	struct settings_grammar all = { 0 };

	if (t == NULL)
		return false;
	fprintf(out, "output NAME %.*s\n      %s\n", SPAN_ARGS(name), t->plugin->relay->help);
	all.global.table = t->class.settings;
	settings_print_help(out, &all);
	for (size_t i = 0; i < t->plugin->counter_count; i++)
		fprintf(out, "%s  %s: %s\n", i == 0 ? "\nIt counts:\n" : "",
				t->plugin->relay->counters[i].name,
				t->plugin->relay->counters[i].help);
	relay_type_unload(t);
	return true;
}

bool relay_print_plugin_mdoc(FILE *out, const char *folder, struct span name, struct str *problem)
{
	struct relay_type *t = relay_type_load(folder, name, problem);
	struct setting *own;

	if (t == NULL)
		return false;
	own = xmemdup(t->rows, (t->plugin->setting_count + 1) * sizeof(*own));
	own[t->plugin->setting_count] = (struct setting){ 0 };
	settings_print_mdoc_list(out, own);
	free(own);
	print_defaults(out, &t->plugin->relay->defaults);
	print_counters(out, t->plugin);
	relay_type_unload(t);
	return true;
}
