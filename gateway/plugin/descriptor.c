/* SPDX-License-Identifier: MIT */
#include "gateway/plugin/descriptor.h"

#include <string.h>

static const char *wrong_version(const struct relay_plugin *r)
{
	if (r->abi_major != RELAY_ABI_MAJOR)
		return "was built for another major version of plugins/relay.h; build it anew";
	if (r->abi_minor > RELAY_ABI_MINOR)
		return "was built for a newer plugins/relay.h; take a newer belfry-gateway";
	if (r->size < sizeof(struct relay_plugin))
		return "has a descriptor that is too short; begin it with RELAY_HEADER";
	return NULL;
}

static const char *wrong_descriptor(const struct relay_plugin *r, struct span name)
{
	if (r->name == NULL || !span_equal_text(name, r->name))
		return "says in its descriptor that it has another name than its file";
	if (r->version == NULL || r->help == NULL)
		return "has a descriptor without version or help";
	if (r->open == NULL || r->deliver == NULL || r->close == NULL)
		return "has a descriptor without open, deliver or close";
	return NULL;
}

/* a-z 0-9 _, as a keyword and the name of a figure are made of. */
static bool name_is_word(const char *name)
{
	return name[0] != '\0' &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static size_t size_of_member(enum relay_kind kind)
{
	static const size_t sizes[] = { [RELAY_BOOL] = sizeof(bool),
		[RELAY_NUMBER] = sizeof(uint64_t),
		[RELAY_SIZE] = sizeof(uint64_t),
		[RELAY_DURATION] = sizeof(uint64_t),
		[RELAY_TEXT] = sizeof(char *),
		[RELAY_LIST] = sizeof(struct relay_list),
		[RELAY_CHOICE] = sizeof(int),
		[RELAY_SECRET] = sizeof(char *),
		[RELAY_TEMPLATE] = sizeof(char *) };

	return sizes[kind];
}

static const char *wrong_setting(const struct relay_setting *s, size_t config_size)
{
	if (s->kind < RELAY_BOOL || s->kind > RELAY_TEMPLATE)
		return "has a setting of an unknown kind";
	if (!name_is_word(s->name))
		return "has a setting whose name is not made of a-z 0-9 _";
	if (s->help == NULL || (s->kind == RELAY_CHOICE && s->choices == NULL))
		return "has a setting without help or without choices";
	if (s->offset > config_size || config_size - s->offset < size_of_member(s->kind))
		return "has a setting that lies outside config_size";
	return NULL;
}

static const char *wrong_counter(const struct relay_counter *all, const struct relay_counter *c)
{
	if (c->help == NULL || !name_is_word(c->name))
		return "has a counter without help, or whose name is not made of a-z 0-9 _";
	for (; all < c; all++) {
		if (strcmp(all->name, c->name) == 0)
			return "has two counters of one name";
	}
	return NULL;
}

static const char *wrong_tables(const struct relay_plugin *r, struct descriptor_rows *rows)
{
	const char *wrong = NULL;

	for (const struct relay_setting *s = r->settings; s != NULL && s->name != NULL; s++) {
		wrong = wrong != NULL ? wrong : wrong_setting(s, r->config_size);
		rows->settings++;
		rows->templates += s->kind == RELAY_TEMPLATE;
	}
	for (const struct relay_counter *c = r->counters; c != NULL && c->name != NULL; c++) {
		wrong = wrong != NULL ? wrong : wrong_counter(r->counters, c);
		rows->counters++;
	}
	if (rows->templates > PLUGIN_MAX_TEMPLATES || rows->counters > PLUGIN_MAX_COUNTERS)
		wrong = "has more settings of kind RELAY_TEMPLATE, or counters, than are possible";
	return wrong;
}

const char *descriptor_problem(
		const struct relay_plugin *r, struct span name, struct descriptor_rows *ret)
{
	const char *wrong = wrong_version(r);

	*ret = (struct descriptor_rows){ 0 };
	if (wrong == NULL)
		wrong = wrong_descriptor(r, name);
	return wrong != NULL ? wrong : wrong_tables(r, ret);
}
