/* SPDX-License-Identifier: MIT */
#include "gateway/rules/submit.h"

#include "common/glob.h"
#include "common/mem.h"

static const struct span host_itself = SPAN("-");

static const struct {
	const char *word;
	enum submit_kind kind;
} kinds[] = {
	{ "service", SUBMIT_SERVICE },
	{ "host", SUBMIT_HOST },
	{ "state", SUBMIT_STATE },
	{ "command", SUBMIT_COMMAND },
};

void submit_rule_finish(struct submit_rule *r)
{
	free(r->name);
	text_list_finish(&r->users);
	text_list_finish(&r->clients);
	text_list_finish(&r->hosts);
	text_list_finish(&r->services);
	free(r->addresses);
	*r = (struct submit_rule){ 0 };
}

void submit_add_words(struct text_list *list, struct span line)
{
	struct settings_line words = { .rest = line };

	while (words.rest.len > 0)
		text_list_add(list, settings_word(&words));
}

bool submit_add_addresses(struct submit_rule *r, struct span line, struct span *ret_wrong)
{
	struct settings_line words = { .rest = line };

	while (words.rest.len > 0) {
		struct span word = settings_word(&words);
		size_t size = (r->address_count + 1) * sizeof(*r->addresses);

		r->addresses = xrealloc(r->addresses, size);
		if (!network_parse(word, &r->addresses[r->address_count])) {
			*ret_wrong = word;
			return false;
		}
		r->address_count++;
	}
	return true;
}

bool submit_add_kinds(struct submit_rule *r, struct span line, struct span *ret_wrong)
{
	struct settings_line words = { .rest = line };

	while (words.rest.len > 0) {
		struct span word = settings_word(&words);
		size_t i = 0;

		while (i < array_size(kinds) && !span_equal_text(word, kinds[i].word))
			i++;
		if (i == array_size(kinds)) {
			*ret_wrong = word;
			return false;
		}
		r->kinds |= kinds[i].kind;
	}
	return true;
}

static bool any_matches(const struct text_list *patterns, struct span text)
{
	for (size_t i = 0; i < patterns->count; i++) {
		if (glob_matches(span_of_text(patterns->texts[i]), text))
			return true;
	}
	return false;
}

static bool any_holds(const struct submit_rule *r, struct span address)
{
	for (size_t i = 0; i < r->address_count; i++) {
		if (network_holds(&r->addresses[i], address))
			return true;
	}
	return false;
}

/* A publisher without a user is not one whose name is empty: `user *` does not mean it. */
static bool is_publisher(const struct submit_rule *r, const struct publisher *p)
{
	if (r->users.count > 0 && !(p->known && p->user.len > 0 && any_matches(&r->users, p->user)))
		return false;
	if (r->clients.count > 0 && !(p->known && any_matches(&r->clients, p->client)))
		return false;
	return r->address_count == 0 || (p->known && any_holds(r, p->address));
}

/* `-` is the host itself, and never a service of that name. */
static bool is_service(const struct submit_rule *r, struct span service)
{
	for (size_t i = 0; i < r->services.count; i++) {
		struct span pattern = span_of_text(r->services.texts[i]);

		if (span_equal(pattern, host_itself)
						? service.len == 0
						: service.len > 0 && glob_matches(pattern, service))
			return true;
	}
	return r->services.count == 0;
}

static bool is_kind(const struct submit_rule *r, enum submit_kind kind)
{
	return r->kinds != 0 ? (r->kinds & kind) != 0 : kind != SUBMIT_COMMAND;
}

bool submit_allows(const struct submit_rule *rules, size_t count, const struct publisher *publisher,
		struct span host, struct span service, enum submit_kind kind)
{
	for (size_t i = 0; i < count; i++) {
		const struct submit_rule *r = &rules[i];

		if (is_kind(r, kind) && is_publisher(r, publisher) &&
				(r->hosts.count == 0 || any_matches(&r->hosts, host)) &&
				is_service(r, service))
			return true;
	}
	return count == 0;
}
