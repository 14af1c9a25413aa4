/* SPDX-License-Identifier: MIT */
#include "gateway/result/perfdata.h"

/* May the text be a value, a unit or a range such as "@~:10.5"? */
static bool is_plain(struct span s, bool semicolons)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];

		if (c <= ' ' || c == 0x7f || c == '\'' || c == '"' || c == '=' || c == '|' ||
				(c == ';' && !semicolons))
			return false;
	}
	return true;
}

static bool is_unit(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];

		/* A digit or a point would become part of the value. */
		if ((c >= '0' && c <= '9') || c == '.' || c == ',' || c == '-' || c == '+')
			return false;
	}
	return is_plain(s, false);
}

static void append_blank(struct str *into)
{
	if (into->len > 0 && into->text[into->len - 1] != ' ')
		str_append_byte(into, ' ');
}

/* Control characters, line ends among them, become blanks. */
static void append_on_one_line(struct str *into, struct span s)
{
	size_t start = into->len;

	str_append(into, s);
	for (size_t i = start; i < into->len; i++) {
		if ((uint8_t)into->text[i] < 0x20 || into->text[i] == 0x7f)
			into->text[i] = ' ';
	}
}

static void append_label(struct str *into, struct span label)
{
	bool quoted = false;

	for (size_t i = 0; i < label.len; i++)
		quoted = quoted || label.data[i] <= ' ' || label.data[i] == 0x7f ||
			 label.data[i] == '=' || label.data[i] == '\'';
	if (!quoted) {
		str_append(into, label);
		return;
	}
	str_append_byte(into, '\'');
	while (label.len > 0) {
		size_t quote = span_find(label, '\'');

		append_on_one_line(into, span_first(label, quote));
		if (quote < label.len)
			str_append_text(into, "''");
		label = span_from(label, quote + 1);
	}
	str_append_byte(into, '\'');
}

bool perfdata_append(struct str *into, const struct perfdata_item *item)
{
	const struct span limits[] = { item->warn, item->crit, item->min, item->max };
	size_t used = 0;
	bool alone;

	for (size_t i = 0; i < array_size(limits); i++) {
		if (!is_plain(limits[i], false))
			return false;
		if (limits[i].len > 0)
			used = i + 1;
	}
	alone = used == 0 && item->uom.len == 0;
	if (span_trim(item->label).len == 0 || item->value.len == 0 || item->value.data[0] == ';' ||
			!is_plain(item->value, alone) || !is_unit(item->uom))
		return false;
	append_blank(into);
	append_label(into, span_trim(item->label));
	str_append_byte(into, '=');
	str_append(into, item->value);
	str_append(into, item->uom);
	for (size_t i = 0; i < used; i++) {
		str_append_byte(into, ';');
		str_append(into, limits[i]);
	}
	return true;
}

void perfdata_append_line(struct str *into, struct span line)
{
	line = span_trim(line);
	if (line.len == 0)
		return;
	append_blank(into);
	append_on_one_line(into, line);
}
