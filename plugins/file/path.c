/* SPDX-License-Identifier: MIT */
#include "plugins/file/path.h"

#include <stdio.h>

/* --- the template -------------------------------------------------------------------------- */

struct template_scan {
	struct str constant; /* up to the first field */
	size_t slashes; /* behind that; also in the format of a time, which is not a publisher's */
	char last;	/* character; } when it is a field's */
	bool has_fields;
	bool has_dotted; /* a part after the first field begins with a dot */
};

static void scan_byte(struct template_scan *s, char byte)
{
	if (!s->has_fields)
		str_append_byte(&s->constant, byte);
	else if (byte == '/')
		s->slashes++;
	else if (byte == '.' && s->last == '/')
		s->has_dotted = true;
	s->last = byte;
}

static void scan(const char *text, struct template_scan *s)
{
	bool in_field = false;

	for (const char *at = text; *at != '\0'; at++) {
		if (in_field) {
			s->slashes += *at == '/';
			in_field = *at != '}';
			s->last = '}';
		} else if (at[0] == '$' && at[1] == '{') {
			s->has_fields = true;
			in_field = true;
			at++;
		} else {
			at += at[0] == '$' && at[1] == '$';
			scan_byte(s, *at);
		}
	}
}

static const char *wrong_with(const struct template_scan *s)
{
	const char *text = str_text(&s->constant);
	const char *slash = strrchr(text, '/');

	if (text[0] != '/')
		return "is not absolute; write it from / on";
	if (s->last == '/')
		return "names a folder; add the file's name";
	if (strstr(text, "/../") != NULL || strstr(text, "/./") != NULL)
		return "leads through . or ..; write the folder's own name";
	if (s->has_fields && slash == text)
		return "says the folder only by a field; begin it with a folder, as "
		       "/var/log/belfry/";
	if (s->has_fields && slash[1] == '.')
		return "makes hidden files or folders; take the dot away";
	if (s->has_dotted)
		return "has a part behind a field that begins with a dot; take the dot away";
	return NULL;
}

bool path_rule_parse(const char *text, struct path_rule *ret, char problem[RELAY_REASON])
{
	struct template_scan s = { 0 };
	const char *wrong;

	scan(text, &s);
	wrong = wrong_with(&s);
	if (wrong != NULL) {
		snprintf(problem, RELAY_REASON, "path %.100s %s", text, wrong);
	} else {
		ret->base_len = (size_t)(strrchr(str_text(&s.constant), '/') - s.constant.text) + 1;
		ret->base = span_dup_text(span_of(s.constant.text, ret->base_len));
		ret->slashes = s.slashes;
		ret->is_constant = !s.has_fields;
		ret->ends_in_field = s.last == '}';
	}
	str_finish(&s.constant);
	return wrong == NULL;
}

void path_rule_finish(struct path_rule *rule)
{
	free(rule->base);
	*rule = (struct path_rule){ 0 };
}

/* --- what it became ------------------------------------------------------------------------ */

static bool has_control(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < 0x20 || text.data[i] == 0x7f)
			return true;
	}
	return false;
}

static const char *part_refused(struct span part)
{
	if (part.len == 0)
		return "a part of its path is empty";
	if (part.data[0] == '.')
		return "a part of its path begins with a dot";
	if (part.len > PATH_PART_BYTES)
		return "a part of its path is longer than 255 bytes";
	return NULL;
}

const char *path_refused(const struct path_rule *rule, struct span path)
{
	struct span rest = span_from(path, rule->base_len), part;
	const char *wrong = NULL;
	size_t slashes = 0;

	if (rule->is_constant)
		return NULL;
	if (path.len + rule->reserved > PATH_BYTES)
		return "its path is longer than 4095 bytes";
	if (!span_starts_with(path, span_of_text(rule->base)))
		return "its path leads out of the folder"; /* the template does not allow it */
	if (has_control(rest))
		return "its path has a control character in it; write the field with |dots";
	for (size_t i = 0; i < rest.len; i++)
		slashes += rest.data[i] == '/';
	if (slashes != rule->slashes)
		return "a field of its path has a / in it; write the field with |dots or |url";
	do
		part = span_cut(&rest, '/');
	while ((wrong = part_refused(part)) == NULL && rest.data != NULL);
	if (wrong == NULL && part.len + rule->reserved > PATH_PART_BYTES)
		wrong = "its name is so long that no .1 fits behind it";
	return wrong;
}
