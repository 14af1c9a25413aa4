/* SPDX-License-Identifier: MIT */
#include "cli/plugin_output.h"

static void add_perfdata(struct str *into, struct span line)
{
	line = span_trim(line);
	if (line.len == 0)
		return;
	if (into->len > 0)
		str_append_byte(into, ' ');
	str_append(into, line);
}

/* Blanks at the beginning of a line of long output indent it and stay. */
static struct span trim_end(struct span s)
{
	while (s.len > 0 && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

void plugin_output_split(struct span text, struct plugin_output *ret)
{
	struct span rest = span_trim(text);
	struct span first = span_cut(&rest, '\n');
	size_t bar = span_find(first, '|');

	plugin_output_finish(ret);
	ret->output = span_trim(span_first(first, bar));
	add_perfdata(&ret->perfdata, span_from(first, bar + 1));
	if (rest.data == NULL)
		return;
	bar = span_find(rest, '|');
	ret->long_output = trim_end(span_first(rest, bar));
	rest = span_from(rest, bar + 1);
	while (rest.data != NULL)
		add_perfdata(&ret->perfdata, span_cut(&rest, '\n'));
}

void plugin_output_finish(struct plugin_output *o)
{
	str_finish(&o->perfdata);
	*o = (struct plugin_output){ 0 };
}
