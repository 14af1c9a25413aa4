/* SPDX-License-Identifier: MIT */
#include "cli/tab_form.h"

enum { ETB = 0x17 };

static struct span trim_newlines(struct span s)
{
	while (s.len > 0 && (s.data[0] == '\n' || s.data[0] == '\r')) {
		s.data++;
		s.len--;
	}
	while (s.len > 0 && (s.data[s.len - 1] == '\n' || s.data[s.len - 1] == '\r'))
		s.len--;
	return s;
}

bool tab_next(struct tab_reader *r, struct span *ret_record)
{
	if (r->separator == '\0')
		r->separator = span_find(r->rest, ETB) < r->rest.len ? ETB : '\n';
	while (r->rest.data != NULL) {
		struct span record = trim_newlines(span_cut(&r->rest, (uint8_t)r->separator));

		r->number++;
		if (span_trim(record).len > 0) {
			*ret_record = record;
			return true;
		}
	}
	return false;
}

bool tab_split(struct span record, struct tab_record *ret, const char **ret_problem)
{
	struct span rest = record;
	struct span first, second, third;

	first = span_cut(&rest, '\t');
	second = span_cut(&rest, '\t');
	if (rest.data == NULL) {
		*ret_problem = "has too few fields; write HOST <tab> SERVICE <tab> STATE <tab> "
			       "OUTPUT, or HOST <tab> STATE <tab> OUTPUT for the host itself";
		return false;
	}
	*ret = (struct tab_record){ .host = first, .state = second, .output = rest };
	third = span_cut(&rest, '\t');
	if (rest.data != NULL)
		*ret = (struct tab_record){ first, second, third, rest };
	ret->state = span_trim(ret->state);
	return true;
}

void tab_unescape(struct span output, struct str *into)
{
	for (size_t i = 0; i < output.len; i++) {
		uint8_t c = output.data[i];
		uint8_t next = i + 1 < output.len ? output.data[i + 1] : 0;

		if (c == '\\' && (next == 'n' || next == '\\')) {
			str_append_byte(into, next == 'n' ? '\n' : '\\');
			i++;
		} else {
			str_append_byte(into, (char)c);
		}
	}
}
