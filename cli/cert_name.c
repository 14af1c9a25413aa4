/* SPDX-License-Identifier: MIT */
#include "cli/cert_name.h"

#include <arpa/inet.h>

#include "common/utf8.h"

enum { MAX_HOST = 253, MAX_LABEL = 63 };

static bool fail(struct str *problem, const char *what)
{
	str_append_text(problem, what);
	return false;
}

static size_t count_characters(struct span text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += (text.data[i] & 0xc0) != 0x80;
	return count;
}

bool cert_authority_name_valid(struct span name, struct str *problem)
{
	if (name.len == 0)
		return fail(problem, "is empty");
	if (!utf8_valid_mqtt(name))
		return fail(problem, "has control characters in it or is not UTF-8");
	if (span_trim(name).len != name.len)
		return fail(problem, "begins or ends with a blank");
	if (count_characters(name) > CERT_MAX_NAME)
		return fail(problem, "is longer than the 64 characters that a certificate can hold "
				     "as a name");
	return true;
}

static bool has_any(struct span name, const char *bytes)
{
	for (; *bytes != '\0'; bytes++) {
		if (span_find(name, (uint8_t)*bytes) < name.len)
			return true;
	}
	return false;
}

bool cert_user_valid(struct span name, struct str *problem)
{
	if (!cert_authority_name_valid(name, problem))
		return false;
	if (has_any(name, "/"))
		return fail(problem, "has a '/' in it, and is to be the name of a file");
	if (name.data[0] == '.' || name.data[0] == '-')
		return fail(problem,
				"begins with a dot or a dash, and is to be the name of a file");
	if (has_any(name, "+#"))
		return fail(problem, "has a '+' or a '#' in it, a wildcard where an access rule "
				     "has %u");
	if (span_equal_nocase(name, (struct span)SPAN("ca")))
		return fail(problem, "is the authority's own: ca.crt and ca.key");
	return true;
}

/* --- hosts ---------------------------------------------------------------------------------- */

size_t cert_host_address(const char *host, uint8_t ret[16])
{
	if (inet_pton(AF_INET, host, ret) == 1)
		return 4;
	return inet_pton(AF_INET6, host, ret) == 1 ? 16 : 0;
}

static bool is_address(struct span host)
{
	AUTO_FREE char *text = span_dup_text(host);
	uint8_t address[16];

	return cert_host_address(text, address) > 0;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* An underscore is no good name, but a common one, and clients accept it. */
static bool is_label(struct span label)
{
	if (label.len == 0 || label.len > MAX_LABEL || label.data[0] == '-' ||
			label.data[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		uint8_t c = label.data[i];

		if (!is_digit(c) && !((c | 32) >= 'a' && (c | 32) <= 'z') && c != '-' && c != '_')
			return false;
	}
	return true;
}

static bool is_number(struct span label)
{
	for (size_t i = 0; i < label.len; i++) {
		if (!is_digit(label.data[i]))
			return false;
	}
	return true;
}

/* Labels, the last of which is no number: 10.0.0.300 is a slip, not a name. */
static bool is_host_name(struct span host)
{
	struct span label = { NULL, 0 };

	if (host.len > MAX_HOST)
		return false;
	while (host.data != NULL) {
		label = span_cut(&host, '.');
		if (!is_label(label))
			return false;
	}
	return !is_number(label);
}

bool cert_host_valid(struct span host, struct str *problem)
{
	static const struct span any = SPAN("*.");
	struct span name = span_starts_with(host, any) ? span_from(host, any.len) : host;

	if (host.len == 0)
		return fail(problem, "is empty");
	if (is_address(host))
		return true;
	for (size_t i = 0; i < host.len; i++) {
		if (host.data[i] >= 0x80)
			return fail(problem, "has letters beyond ASCII; write it as xn--..., as it "
					     "stands in the DNS");
	}
	if (!is_host_name(name))
		return fail(problem, "is neither a host name nor an IP address");
	if (name.len < host.len && span_find(name, '.') == name.len)
		return fail(problem, "is wider than clients accept; they want two names behind "
				     "the '*.'");
	return true;
}

bool cert_server_valid(struct span name, struct str *problem)
{
	if (!cert_host_valid(name, problem))
		return false;
	if (name.data[0] == '*')
		return fail(problem, "is a wildcard; give it behind a NAME that files can have");
	if (name.len > CERT_MAX_NAME)
		return fail(problem, "is longer than the 64 characters that a certificate can hold "
				     "as a name; give it behind a shorter NAME");
	if (span_equal_nocase(name, (struct span)SPAN("ca")))
		return fail(problem, "is the authority's own: ca.crt and ca.key; give the whole "
				     "name of the host");
	return true;
}
