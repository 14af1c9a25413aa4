/* SPDX-License-Identifier: MIT */
/*
 * An external command as Icinga 2 reads it (lib/icinga/externalcommandprocessor.cpp), sharing
 * nothing with the encoder. Anything but exactly one well-formed command aborts.
 */
#ifndef TESTS_FUZZ_ICINGA_COMMAND_H
#define TESTS_FUZZ_ICINGA_COMMAND_H

#include "tests/fuzz/nagios_command.h"

struct icinga_command {
	double time;
	bool is_host;
	struct span host, service; /* point into the line */
	int state;
	size_t lines;
	struct str text, perfdata;
};

static inline void icinga_command_finish(struct icinga_command *c)
{
	str_finish(&c->text);
	str_finish(&c->perfdata);
}

/* Digits, and a point with further ones; 0 is refused. */
static inline double icinga_time(struct span stamp)
{
	AUTO_FREE char *text = span_dup_text(stamp);
	char *end;
	double time = strtod(text, &end);

	MUST(stamp.len > 0 && *end == '\0');
	for (size_t i = 0; i < stamp.len; i++)
		MUST((stamp.data[i] >= '0' && stamp.data[i] <= '9') || stamp.data[i] == '.');
	MUST(time > 0);
	return time;
}

/* Each line by itself: text before its first `|`, perfdata behind it if there is a `=`. */
static inline void icinga_split(struct icinga_command *c, struct span text)
{
	while (text.data != NULL) {
		struct span line = span_cut(&text, '\n');
		size_t bar = span_find(line, '|');
		struct span behind = span_from(line, bar);

		c->lines++;
		if (c->text.len > 0)
			str_append_byte(&c->text, '\n');
		if (span_find(behind, '=') < behind.len) {
			str_append(&c->text, span_first(line, bar));
			str_append(&c->perfdata, span_from(behind, 1));
		} else {
			str_append(&c->text, line);
		}
	}
}

/* Of a service `\n` is resolved, of a host nothing. */
static inline void icinga_unescape(struct str *into, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = (char)text.data[i];

		if (c == '\\' && i + 1 < text.len && text.data[i + 1] == 'n') {
			c = '\n';
			i++;
		}
		str_append_byte(into, c);
	}
}

static inline struct icinga_command icinga_read(struct span line)
{
	struct icinga_command c = { 0 };
	struct span rest, name, state;
	struct str text = { 0 };

	MUST(line.len > 0 && line.data[line.len - 1] == '\n');
	line.len--;
	for (size_t i = 0; i < line.len; i++)
		MUST(line.data[i] >= 0x20 && line.data[i] != 0x7f);
	MUST(line.len > 0 && line.data[0] == '[');
	rest = span_from(line, 1);
	c.time = icinga_time(span_cut(&rest, ']'));
	/* What follows the bracket is skipped unseen. */
	MUST(rest.len > 0 && rest.data[0] == ' ');
	rest = span_from(rest, 1);
	name = span_cut(&rest, ';');
	c.is_host = span_equal_text(name, "PROCESS_HOST_CHECK_RESULT");
	MUST(c.is_host || span_equal_text(name, "PROCESS_SERVICE_CHECK_RESULT"));
	c.host = span_cut(&rest, ';');
	if (!c.is_host)
		c.service = span_cut(&rest, ';');
	MUST(rest.data != NULL);
	state = span_cut(&rest, ';');
	MUST(rest.data != NULL); /* "Expected 4 arguments" */
	MUST(state.len == 1 && state.data[0] >= '0' && state.data[0] <= (c.is_host ? '1' : '3'));
	c.state = state.data[0] - '0';
	if (c.is_host)
		str_append(&text, rest);
	else
		icinga_unescape(&text, rest);
	icinga_split(&c, text.len > 0 ? str_span(&text) : (struct span)SPAN(""));
	str_finish(&text);
	return c;
}

#endif
