/* SPDX-License-Identifier: MIT */
#include "gateway/rules/publisher.h"

static struct span *field(struct publisher *p, struct span name)
{
	if (span_equal_text(name, "belfry-client"))
		return &p->client;
	if (span_equal_text(name, "belfry-user"))
		return &p->user;
	if (span_equal_text(name, "belfry-address"))
		return &p->address;
	return NULL;
}

bool publisher_has_property(struct span name)
{
	struct publisher nobody = { 0 };

	return field(&nobody, name) != NULL;
}

bool publisher_note(struct publisher *p, struct span name, struct span value)
{
	struct span *at = field(p, name);

	if (at == NULL)
		return false;
	if (at->data != NULL)
		p->is_forged = true;
	else /* empty is not the same as not there */
		*at = value.data != NULL ? value : span_of("", 0);
	p->known = !p->is_forged && p->client.len > 0;
	return true;
}

static void describe(struct str *into, const char *what, struct span value)
{
	if (value.len == 0)
		return;
	str_append_text(into, what);
	str_append_escaped(into, value);
}

void publisher_describe(const struct publisher *p, struct str *into)
{
	if (!p->known) {
		str_append_text(into, "a publisher that the broker does not name");
		return;
	}
	describe(into, "client ", p->client);
	describe(into, ", user ", p->user);
	describe(into, ", ", p->address);
}
