/* SPDX-License-Identifier: MIT */
#include "common/url.h"

#include "common/utf8.h"

static const struct url_scheme *find_scheme(
		const struct url_scheme *schemes, struct span *rest, struct str *problem)
{
	struct span text = *rest;
	struct span name = span_first(text, span_find(text, ':'));
	const struct url_scheme *s;

	for (s = schemes; s->name != NULL; s++) {
		const char *mark = strcmp(s->name, "unix") == 0 ? ":" : "://";

		if (!span_equal_nocase(name, span_of_text(s->name)) ||
				!span_starts_with(span_from(text, name.len), span_of_text(mark)))
			continue;
		*rest = span_from(text, name.len + strlen(mark));
		return s;
	}
	str_append_text(problem, "does not start with a known scheme; take one of");
	for (s = schemes; s->name != NULL; s++)
		str_printf(problem, " %s%s", s->name,
				strcmp(s->name, "unix") == 0 ? ":/PATH" : "://HOST[:PORT]");
	return NULL;
}

static bool parse_user(struct span *rest, struct url *url, struct str *problem)
{
	size_t at = span_find(*rest, '@');
	struct span user = span_first(*rest, at);

	if (at == rest->len)
		return true;
	if (span_find(user, ':') < user.len) {
		str_append_text(problem, "holds a password; put it into the file that "
					 "password_file names");
		return false;
	}
	if (user.len == 0) {
		str_append_text(problem, "has nothing before the @; write USER@HOST or HOST");
		return false;
	}
	url->user = span_dup_text(user);
	*rest = span_from(*rest, at + 1);
	return true;
}

static bool parse_path(struct span rest, struct url *url, struct str *problem)
{
	if (!span_starts_with(rest, span_of_text("/")) && !parse_user(&rest, url, problem))
		return false;
	if (rest.len < 2 || rest.data[0] != '/') {
		str_append_text(problem, "names no absolute path; write unix:/PATH or "
					 "unix:USER@/PATH");
		return false;
	}
	if (rest.len > 107) { /* sun_path */
		str_append_text(problem, "is too long; a socket's path has at most 107 bytes");
		return false;
	}
	url->host = span_dup_text(rest);
	return true;
}

/* Split "HOST", "HOST:PORT", "[V6]" or "[V6]:PORT"; *ret_port is empty when there is none. */
static bool split_port(
		struct span rest, struct span *ret_host, struct span *ret_port, struct str *problem)
{
	size_t end = span_find(rest, ':');
	bool bracket = rest.len > 0 && rest.data[0] == '[';

	if (bracket) {
		size_t close = span_find(rest, ']');

		if (close == rest.len) {
			str_append_text(problem,
					"opens a [ and does not close it; write [ADDRESS]");
			return false;
		}
		*ret_host = span_of(rest.data + 1, close - 1);
		rest = span_from(rest, close + 1);
	} else {
		*ret_host = span_first(rest, end);
		rest = span_from(rest, end);
		if (span_find(span_from(rest, 1), ':') < span_from(rest, 1).len) {
			str_append_text(problem,
					"has more than one colon; write an IPv6 address as "
					"[ADDRESS]");
			return false;
		}
	}
	if (rest.len > 0 && rest.data[0] != ':') {
		str_append_text(problem, "has something else than :PORT behind the host");
		return false;
	}
	*ret_port = span_from(rest, 1);
	if (rest.len == 1) {
		str_append_text(problem, "ends with a colon; write the port behind it");
		return false;
	}
	return true;
}

static bool host_valid(struct span host)
{
	for (size_t i = 0; i < host.len; i++) {
		uint8_t c = host.data[i];

		if (c <= ' ' || c == '/' || c == '?' || c == '#' || c == 0x7f)
			return false;
	}
	return host.len > 0 && host.len <= 255;
}

static bool parse_host(struct span rest, struct url *url, struct str *problem)
{
	struct span host, port;
	uint64_t number = url->scheme->port;

	if (rest.len > 0 && rest.data[rest.len - 1] == '/')
		rest.len--;
	if (!parse_user(&rest, url, problem) || !split_port(rest, &host, &port, problem))
		return false;
	if (!host_valid(host)) {
		str_append_text(problem, "names no host");
		return false;
	}
	if (port.len > 0 && (!span_to_uint(port, 65535, &number) || number == 0)) {
		str_append_text(problem, "has no port from 1 to 65535 behind the colon");
		return false;
	}
	url->host = span_dup_text(host);
	url->port = (uint16_t)number;
	return true;
}

static void cut_path(struct span *rest, struct url *url)
{
	size_t slash = span_find(*rest, '/');

	if (slash + 1 < rest->len)
		url->path = span_dup_text(span_from(*rest, slash + 1));
	*rest = span_first(*rest, slash);
}

static bool parse(struct span text, const struct url_scheme *schemes, bool with_path,
		struct url *ret, struct str *problem)
{
	struct span rest = span_trim(text);
	bool ok;

	*ret = (struct url){ 0 };
	ret->scheme = find_scheme(schemes, &rest, problem);
	if (ret->scheme == NULL)
		return false;
	if (!utf8_valid_mqtt(rest)) {
		str_append_text(problem, "holds characters that are not text");
		ok = false;
	} else if (strcmp(ret->scheme->name, "unix") == 0) {
		ok = parse_path(rest, ret, problem);
	} else {
		if (with_path)
			cut_path(&rest, ret);
		ok = parse_host(rest, ret, problem);
	}
	if (!ok)
		url_finish(ret);
	return ok;
}

bool url_parse(struct span text, const struct url_scheme *schemes, struct url *ret,
		struct str *problem)
{
	return parse(text, schemes, false, ret, problem);
}

bool url_parse_path(struct span text, const struct url_scheme *schemes, struct url *ret,
		struct str *problem)
{
	return parse(text, schemes, true, ret, problem);
}

void url_finish(struct url *url)
{
	free(url->user);
	free(url->host);
	free(url->path);
	*url = (struct url){ 0 };
}

void url_format(const struct url *url, struct str *into)
{
	bool v6 = strchr(url->host, ':') != NULL;

	if (strcmp(url->scheme->name, "unix") == 0)
		str_printf(into, "unix:%s", url->host);
	else
		str_printf(into, v6 ? "%s://[%s]:%u" : "%s://%s:%u", url->scheme->name, url->host,
				url->port);
}
