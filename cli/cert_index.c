/* SPDX-License-Identifier: MIT */
#include "cli/cert_index.h"

#include "common/mem.h"
#include "common/utf8.h"

#define HEADING                                                                                    \
	"# belfry cert: serial, kind, valid until, revoked on, name. What is revoked stays here\n" \
	"# for as long as the authority is used: ca.crl is made of it.\n"
#define TIME_FORMAT "%Y-%m-%dT%H:%M:%SZ"

const char *cert_kind_name(enum cert_kind kind)
{
	return kind == CERT_SERVER ? "server" : "client";
}

const char *cert_time_format(time_t t, char text[CERT_TIME_TEXT])
{
	struct tm parts;

	gmtime_r(&t, &parts);
	strftime(text, CERT_TIME_TEXT, TIME_FORMAT, &parts);
	return text;
}

static bool parse_time(struct span word, time_t *ret)
{
	AUTO_FREE char *text = span_dup_text(word);
	struct tm parts = { 0 };
	const char *end = strptime(text, TIME_FORMAT, &parts);

	*ret = timegm(&parts);
	return end != NULL && *end == '\0' && *ret > 0;
}

static bool parse_kind(struct span word, enum cert_kind *ret)
{
	*ret = span_equal_text(word, "server") ? CERT_SERVER : CERT_CLIENT;
	return span_equal_text(word, cert_kind_name(*ret));
}

static bool parse_serial(struct span word, char ret[CERT_SERIAL_TEXT])
{
	if (word.len != CERT_SERIAL_TEXT - 1)
		return false;
	memcpy(ret, word.data, word.len);
	ret[word.len] = '\0';
	return strspn(ret, "0123456789abcdef") == word.len;
}

/* What is wrong with the line; NULL: nothing. */
static const char *parse_line(struct span line, struct cert_index *index)
{
	struct cert_entry e = { 0 };
	struct span serial = span_cut(&line, ' '), kind = span_cut(&line, ' ');
	struct span until = span_cut(&line, ' '), revoked = span_cut(&line, ' ');

	if (!parse_serial(serial, e.serial))
		return "does not begin with a serial number of 32 hexadecimal digits";
	if (!parse_kind(kind, &e.kind))
		return "is neither of a server nor of a client";
	if (!parse_time(until, &e.until))
		return "has no time until which it is valid, like 2029-02-25T05:11:00Z";
	if (!span_equal_text(revoked, "-") && !parse_time(revoked, &e.revoked))
		return "has neither a time nor '-' as its day of revocation";
	if (line.len == 0 || !utf8_valid_mqtt(line))
		return "has no name at its end";
	cert_index_add(index, e.serial, e.kind, e.until, line)->revoked = e.revoked;
	return NULL;
}

bool cert_index_parse(
		struct span text, const char *file, struct cert_index *index, struct str *problem)
{
	for (unsigned number = 1; text.data != NULL; number++) {
		struct span line = span_trim(span_cut(&text, '\n'));
		const char *what = NULL;

		if (line.len > 0 && line.data[0] != '#')
			what = parse_line(line, index);
		if (what == NULL)
			continue;
		str_append_escaped(problem, span_of_text(file));
		str_printf(problem, ":%u: the line %s; mend it, or take the file from a backup",
				number, what);
		return false;
	}
	return true;
}

void cert_index_format(const struct cert_index *index, struct str *into)
{
	char until[CERT_TIME_TEXT], revoked[CERT_TIME_TEXT];

	str_append_text(into, HEADING);
	for (size_t i = 0; i < index->count; i++) {
		const struct cert_entry *e = &index->entries[i];

		str_printf(into, "%s %s %s %s %s\n", e->serial, cert_kind_name(e->kind),
				cert_time_format(e->until, until),
				e->revoked != 0 ? cert_time_format(e->revoked, revoked) : "-",
				e->name);
	}
}

struct cert_entry *cert_index_add(struct cert_index *index, const char *serial, enum cert_kind kind,
		time_t until, struct span name)
{
	struct cert_entry *e;

	index->entries = grow_array(
			index->entries, index->count, &index->capacity, sizeof(*index->entries));
	e = &index->entries[index->count++];
	*e = (struct cert_entry){ .kind = kind, .until = until, .name = span_dup_text(name) };
	memcpy(e->serial, serial, sizeof(e->serial));
	return e;
}

struct cert_entry *cert_index_find(
		const struct cert_index *index, const char *name, bool is_revoked)
{
	for (size_t i = index->count; i-- > 0;) {
		struct cert_entry *e = &index->entries[i];

		if (strcmp(e->name, name) == 0 && (e->revoked != 0) == is_revoked)
			return e;
	}
	return NULL;
}

void cert_index_finish(struct cert_index *index)
{
	for (size_t i = 0; i < index->count; i++)
		free(index->entries[i].name);
	free(index->entries);
	*index = (struct cert_index){ 0 };
}
