/* SPDX-License-Identifier: MIT */
#include "cli/password_lines.h"

#include "common/mem.h"
#include "common/utf8.h"

enum { MAX_USER_NAME = 65535, MAX_PASSWORD = 65535 };

/* One line as the broker reads it. `user.data` is NULL for one that is empty or a comment. */
struct password_line {
	struct span user, password;
	bool has_colon;
};

static struct password_line read_line(struct span text)
{
	struct password_line line = { 0 };
	struct span rest = span_trim(text);

	if (rest.len == 0 || rest.data[0] == '#')
		return line;
	line.user = span_trim(span_cut(&rest, ':'));
	line.has_colon = rest.data != NULL;
	line.password = span_trim(rest);
	return line;
}

bool password_user_valid(struct span user, struct str *problem)
{
	const char *what = NULL;

	if (user.len == 0)
		what = "is empty";
	else if (user.len > MAX_USER_NAME)
		what = "is longer than 65535 bytes";
	else if (span_find(user, ':') < user.len)
		what = "has a ':' in it, which ends the name in the file";
	else if (!utf8_valid_mqtt(user))
		what = "has control characters in it or is not UTF-8";
	else if (user.data[0] == '#')
		what = "begins with '#', as comments do";
	else if (span_trim(user).len != user.len)
		what = "begins or ends with a blank, which the file cannot hold";
	if (what != NULL)
		str_append_text(problem, what);
	return what == NULL;
}

static void append_user(struct str *into, struct span user, struct span hash)
{
	str_append(into, user);
	str_append_byte(into, ':');
	str_append(into, hash);
	str_append_byte(into, '\n');
}

/* The next line without its newline; the nothing behind the last newline is no line. */
static bool next_line(struct span *rest, struct span *ret)
{
	if (rest->len == 0)
		return false;
	*ret = span_cut(rest, '\n');
	return true;
}

bool password_lines_set(struct span text, struct span user, struct span hash, struct str *into)
{
	bool is_found = false;
	struct span line;

	while (next_line(&text, &line)) {
		struct password_line parts = read_line(line);

		if (parts.user.data == NULL || !span_equal(parts.user, user)) {
			str_append(into, line);
			str_append_byte(into, '\n');
		} else if (!is_found) { /* of twins one is left */
			is_found = true;
			if (hash.len > 0)
				append_user(into, user, hash);
		}
	}
	if (!is_found && hash.len > 0)
		append_user(into, user, hash);
	return is_found;
}

/* Nothing of such a line is shown: a password may stand anywhere in it. */
static void report_shapeless(const struct settings_line *at)
{
	str_printf(&at->report->text, "%s:%u: this line is not of the form USER:PASSWORD\n",
			at->file, at->number);
	at->report->errors++;
}

static void hash_line(const struct settings_line *at, const struct password_line *line,
		enum password_scheme scheme, uint32_t cost, struct str *into)
{
	struct password_hash hash;
	struct str problem = { 0 }, text = { 0 };

	if (!line->has_colon || line->user.len == 0 || line->password.len == 0) {
		report_shapeless(at);
	} else if (!password_user_valid(line->user, &problem)) {
		settings_error(at, line->user, "%s", str_text(&problem));
	} else if (line->password.len > MAX_PASSWORD) {
		settings_error(at, line->user, "has a password of more than 65535 bytes");
	} else if (!password_hash_create(scheme, cost, line->password, &hash)) {
		settings_error(at, line->user, "the password cannot be hashed: out of memory");
	} else {
		password_hash_format(&hash, &text);
		append_user(into, line->user, str_span(&text));
	}
	str_finish(&text);
	str_finish(&problem);
}

void password_lines_hash(struct span text, const char *name, enum password_scheme scheme,
		uint32_t cost, struct settings_report *report, struct str *into)
{
	struct settings_line at = { .file = name, .report = report };
	struct span line;

	while (next_line(&text, &line)) {
		struct password_line parts = read_line(line);

		at.number++;
		if (parts.user.data == NULL || password_is_hashed(parts.password)) {
			str_append(into, line);
			str_append_byte(into, '\n');
		} else {
			hash_line(&at, &parts, scheme, cost, into);
		}
	}
}
