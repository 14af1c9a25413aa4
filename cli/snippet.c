/* SPDX-License-Identifier: MIT */
#include "cli/snippet.h"

#include "common/name.h"
#include "common/utf8.h"

/*
 * What is special to neither inside a name, and what could end one: quotes, braces, what begins a
 * comment, what continues a line or escapes.
 */
static const char never[] = "\"`{};\\";

struct grammar {
	const char *refused; /* beyond `never` */
	const char *why;
	const char *check_command;
	const char *reload;
};

/*
 * A host_name of Nagios may be a list (`,`), a pattern (`*`) or an exclusion (`!`), and its
 * configuration as it is distributed forbids some characters more. Of Icinga, `!` is between host
 * and service.
 */
static const struct grammar grammars[] = {
	[SNIPPET_NAGIOS] = { "~!$%^&*|'<>?,()=",
			"which illegal_object_name_chars of Nagios' usual configuration forbids",
			"return-unknown",
			"nagios4 -v /etc/nagios4/nagios.cfg && systemctl reload nagios4" },
	[SNIPPET_ICINGA2] = { "!", "which Icinga 2 has between host and service", "passive",
			"icinga2 daemon -C && systemctl reload icinga2" },
};

/* A template or a command: one word. */
static bool word_valid(const char *what, const char *word, struct str *problem)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-.";

	if (*word != '\0' && word[strspn(word, allowed)] == '\0')
		return true;
	str_printf(problem, "%s '", what);
	str_append_escaped(problem, span_of_text(word));
	str_append_text(problem, "' takes letters, digits, - _ .");
	return false;
}

bool snippet_style_valid(const struct snippet_style *style, struct str *problem)
{
	return word_valid("--host-template", style->host_template, problem) &&
	       word_valid("--service-template", style->service_template, problem) &&
	       (style->check_command == NULL ||
			       word_valid("--check-command", style->check_command, problem));
}

static bool refuse(const char *what, struct span name, const char *why, struct str *problem)
{
	str_printf(problem, "%s '", what);
	str_append_escaped(problem, name);
	str_printf(problem, "' %s", why);
	return false;
}

static bool name_is_safe(
		enum snippet_core core, const char *what, struct span name, struct str *problem)
{
	const struct grammar *g = &grammars[core];

	if (!name_valid(name))
		return refuse(what, name, "is no name", problem);
	for (size_t i = 0; i < name.len; i++) {
		char c[2] = { (char)name.data[i], '\0' };

		if (strpbrk(c, never) == NULL && strpbrk(c, g->refused) == NULL)
			continue;
		refuse(what, name, "has a ", problem);
		str_printf(problem, "%s in it, %s; define it by hand if it is meant", c,
				strpbrk(c, never) != NULL ? "which could end the definition"
							  : g->why);
		return false;
	}
	/* Nagios takes the word null for no value, and a plus in front for an addition to one. */
	if (core == SNIPPET_NAGIOS && (span_equal_text(name, "null") || name.data[0] == '+' ||
						      name.data[0] == '#'))
		return refuse(what, name, "means something else to Nagios; define it by hand",
				problem);
	return true;
}

bool snippet_host_valid(enum snippet_core core, struct span host, struct str *problem)
{
	return name_is_safe(core, "host", host, problem);
}

bool snippet_service_valid(enum snippet_core core, struct span service, struct str *problem)
{
	return name_is_safe(core, "service", service, problem);
}

static const char *check_command(const struct snippet_style *style)
{
	return style->check_command != NULL ? style->check_command
					    : grammars[style->core].check_command;
}

void snippet_add_host(struct str *into, const struct snippet_style *style, struct span host)
{
	if (style->core == SNIPPET_NAGIOS)
		str_printf(into,
				"define host {\n"
				"    use                     %s\n"
				"    host_name               %.*s\n"
				"    max_check_attempts      1\n"
				"    active_checks_enabled   0\n"
				"    passive_checks_enabled  1\n"
				"}\n\n",
				style->host_template, SPAN_ARGS(host));
	else
		str_printf(into,
				"object Host \"%.*s\" {\n"
				"  import \"%s\"\n"
				"  check_command = \"%s\"\n"
				"  max_check_attempts = 1\n"
				"  enable_active_checks = false\n"
				"  enable_passive_checks = true\n"
				"}\n\n",
				SPAN_ARGS(host), style->host_template, check_command(style));
}

void snippet_add_service(struct str *into, const struct snippet_style *style, struct span host,
		struct span service)
{
	if (style->core == SNIPPET_NAGIOS)
		str_printf(into,
				"define service {\n"
				"    use                     %s\n"
				"    host_name               %.*s\n"
				"    service_description     %.*s\n"
				"    check_command           %s\n"
				"    max_check_attempts      1\n"
				"    active_checks_enabled   0\n"
				"    passive_checks_enabled  1\n"
				"}\n\n",
				style->service_template, SPAN_ARGS(host), SPAN_ARGS(service),
				check_command(style));
	else
		str_printf(into,
				"object Service \"%.*s\" {\n"
				"  import \"%s\"\n"
				"  host_name = \"%.*s\"\n"
				"  check_command = \"%s\"\n"
				"  max_check_attempts = 1\n"
				"  enable_active_checks = false\n"
				"  enable_passive_checks = true\n"
				"}\n\n",
				SPAN_ARGS(service), style->service_template, SPAN_ARGS(host),
				check_command(style));
}

const char *snippet_reload(enum snippet_core core)
{
	return grammars[core].reload;
}
