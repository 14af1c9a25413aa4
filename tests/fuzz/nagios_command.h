/* SPDX-License-Identifier: MIT */
/*
 * An external command as Nagios reads it, written from Nagios's rules and sharing nothing with the
 * encoder, so that both would have to be wrong in the same way. Anything but exactly one
 * well-formed command aborts.
 */
#ifndef TESTS_FUZZ_NAGIOS_COMMAND_H
#define TESTS_FUZZ_NAGIOS_COMMAND_H

#include "common/str.h"

#include <stdio.h>

#define MUST(what)                                                                                 \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);         \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* What the core makes of the line. The strings are finished by nagios_command_finish(). */
struct nagios_command {
	uint64_t time;
	bool is_host;
	struct span host, service; /* point into the line */
	int state;
	struct str output, long_output, perfdata;
};

static inline void nagios_command_finish(struct nagios_command *c)
{
	str_finish(&c->output);
	str_finish(&c->long_output);
	str_finish(&c->perfdata);
}

/* `\\` and `\n` are resolved, everything else stays. */
static inline void nagios_unescape(struct str *into, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = (char)text.data[i];

		if (c == '\\' && i + 1 < text.len &&
				(text.data[i + 1] == 'n' || text.data[i + 1] == '\\'))
			c = text.data[++i] == 'n' ? '\n' : '\\';
		str_append_byte(into, c);
	}
}

/*
 * First line: text before the first `|`, a `|` in front skipped as strtok() does, then perfdata.
 * Further lines: text until one with a `|`, from there on perfdata.
 */
static inline void nagios_split(struct nagios_command *c, struct span text)
{
	struct span line = span_cut(&text, '\n');

	while (line.len > 0 && line.data[0] == '|')
		line = span_from(line, 1);
	str_append(&c->output, span_cut(&line, '|'));
	str_append(&c->perfdata, line);
	while (text.data != NULL) {
		line = span_cut(&text, '\n');
		/* What the encoder has put behind the first line is text and nothing else. */
		MUST(span_find(line, '|') == line.len);
		if (c->long_output.len > 0)
			str_append_byte(&c->long_output, '\n');
		str_append(&c->long_output, line);
	}
}

static inline struct nagios_command nagios_read(struct span line)
{
	struct nagios_command c = { 0 };
	struct span rest, stamp, name, state;
	struct str text = { 0 };

	MUST(line.len > 0 && line.data[line.len - 1] == '\n');
	line.len--;
	for (size_t i = 0; i < line.len; i++)
		MUST(line.data[i] >= 0x20 && line.data[i] != 0x7f);
	MUST(line.len > 0 && line.data[0] == '[');
	rest = span_from(line, 1);
	stamp = span_cut(&rest, ']');
	MUST(span_to_uint(stamp, UINT32_MAX, &c.time));
	/* The byte behind the bracket is skipped unseen, the command follows at once. */
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
	MUST(rest.data != NULL); /* the output may be empty, but its `;` is there */
	MUST(state.len == 1 && state.data[0] >= '0' && state.data[0] <= (c.is_host ? '2' : '3'));
	c.state = state.data[0] - '0';
	nagios_unescape(&text, rest);
	nagios_split(&c, str_span(&text));
	str_finish(&text);
	return c;
}

/* The external commands that may come of a command, with how many arguments follow the object. */
static const struct nagios_external {
	const char *name;
	unsigned arguments;
	bool is_host;
	bool ends_open; /* the last argument goes to the end of the line, `;` and all */
} nagios_externals[] = {
	{ "SCHEDULE_HOST_DOWNTIME", 7, true, false },
	{ "SCHEDULE_SVC_DOWNTIME", 7, false, false },
	{ "ACKNOWLEDGE_HOST_PROBLEM", 5, true, true },
	{ "ACKNOWLEDGE_SVC_PROBLEM", 5, false, true },
	{ "ACKNOWLEDGE_HOST_PROBLEM_EXPIRE", 6, true, true },
	{ "ACKNOWLEDGE_SVC_PROBLEM_EXPIRE", 6, false, true },
	{ "REMOVE_HOST_ACKNOWLEDGEMENT", 0, true, false },
	{ "REMOVE_SVC_ACKNOWLEDGEMENT", 0, false, false },
	{ "ADD_HOST_COMMENT", 3, true, true },
	{ "ADD_SVC_COMMENT", 3, false, true },
};

/* All but author and comment, which come last, are numbers. */
static inline void nagios_check_arguments(const struct nagios_external *e, struct span rest)
{
	for (unsigned i = 1; i <= e->arguments; i++) {
		struct span argument;
		uint64_t number;

		MUST(rest.data != NULL);
		argument = i == e->arguments && e->ends_open ? rest : span_cut(&rest, ';');
		if (i + 2 <= e->arguments)
			MUST(span_to_uint(argument, UINT32_MAX, &number));
	}
	MUST(e->ends_open || rest.data == NULL);
}

/* Exactly one of the commands above, for exactly this object. */
static inline void nagios_check_external(struct span line, struct span host, struct span service)
{
	struct span rest, name;
	uint64_t stamp;
	size_t i = 0;

	MUST(line.len > 0 && line.data[line.len - 1] == '\n' && line.data[0] == '[');
	line.len--;
	for (size_t at = 0; at < line.len; at++)
		MUST(line.data[at] >= 0x20 && line.data[at] != 0x7f);
	rest = span_from(line, 1);
	MUST(span_to_uint(span_cut(&rest, ']'), UINT32_MAX, &stamp));
	MUST(rest.len > 0 && rest.data[0] == ' ');
	rest = span_from(rest, 1);
	name = span_cut(&rest, ';');
	while (i < array_size(nagios_externals) && !span_equal_text(name, nagios_externals[i].name))
		i++;
	MUST(i < array_size(nagios_externals));
	MUST(nagios_externals[i].is_host == (service.len == 0));
	MUST(span_equal(span_cut(&rest, ';'), host));
	if (service.len > 0)
		MUST(span_equal(span_cut(&rest, ';'), service));
	nagios_check_arguments(&nagios_externals[i], rest);
}

#endif
