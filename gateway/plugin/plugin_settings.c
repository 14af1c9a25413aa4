/* SPDX-License-Identifier: MIT */
#include "gateway/plugin/plugin_settings.h"

#include <assert.h>

#include "common/mem.h"
#include "common/secret.h"

struct plugin_config {
	const struct plugin *plugin;
	void *settings; /* the plugin's struct */
	char *secrets[SETTINGS_MAX_ROWS];
	/* Copies: the struct may outlive the configuration. */
	char *texts[SETTINGS_MAX_ROWS];
	struct text_list lists[SETTINGS_MAX_ROWS];
};

static enum setting_kind kind_of(enum relay_kind kind)
{
	static const enum setting_kind kinds[] = { [RELAY_BOOL] = SETTING_BOOL,
		[RELAY_NUMBER] = SETTING_NUMBER,
		[RELAY_SIZE] = SETTING_SIZE,
		[RELAY_DURATION] = SETTING_DURATION,
		[RELAY_TEXT] = SETTING_TEXT,
		[RELAY_LIST] = SETTING_LIST,
		[RELAY_CHOICE] = SETTING_CHOICE,
		[RELAY_SECRET] = SETTING_TEXT,
		[RELAY_TEMPLATE] = SETTING_TEXT };

	return kinds[kind];
}

/* The members of both have the same types and order. */
static const struct setting_choice *choices_of(const struct relay_choice *choices)
{
	static_assert(sizeof(struct relay_choice) == sizeof(struct setting_choice) &&
					offsetof(struct relay_choice, value) ==
							offsetof(struct setting_choice, value),
			"choices of a plugin are choices of a setting");
	return (const struct setting_choice *)(const void *)choices;
}

void plugin_settings_rows(const struct plugin *p, size_t offset, struct setting *rows)
{
	for (size_t i = 0; i < p->setting_count; i++) {
		const struct relay_setting *from = &p->relay->settings[i];

		rows[i] = (struct setting){
			.name = from->name,
			.kind = kind_of(from->kind),
			.offset = offset + i * sizeof(union plugin_slot),
			.min = from->min,
			.max = from->max,
			.initial = from->initial,
			.flags = from->flags & RELAY_REQUIRED ? SETTING_REQUIRED : 0u,
			.help = from->help,
			.choices = choices_of(from->choices),
		};
	}
}

static void set_text(struct plugin_config *c, size_t i, void *member, const char *text)
{
	const char **at = member;

	c->texts[i] = text != NULL ? xstrdup(text) : NULL;
	*at = c->texts[i];
}

static void set_list(struct plugin_config *c, size_t i, void *member, const struct text_list *from)
{
	for (size_t n = 0; n < from->count; n++)
		text_list_add(&c->lists[i], span_of_text(from->texts[n]));
	*(struct relay_list *)member = (struct relay_list){ c->lists[i].texts, c->lists[i].count };
}

static bool set_secret(struct plugin_config *c, size_t i, void *member, const char *path,
		struct str *problem)
{
	const char **at = member, *why;

	if (path == NULL)
		return true;
	c->secrets[i] = secret_read(path, &why);
	if (c->secrets[i] == NULL)
		str_printf(problem, "%s %s: %s", c->plugin->relay->settings[i].name, path, why);
	*at = c->secrets[i];
	return *at != NULL;
}

static bool set_member(struct plugin_config *c, size_t i, const union plugin_slot *slot,
		struct str *problem)
{
	const struct relay_setting *s = &c->plugin->relay->settings[i];
	void *member = (char *)c->settings + s->offset;

	switch (s->kind) {
	case RELAY_BOOL:
		*(bool *)member = slot->flag;
		break;
	case RELAY_NUMBER:
	case RELAY_SIZE:
	case RELAY_DURATION:
		*(uint64_t *)member = slot->number;
		break;
	case RELAY_TEXT:
	case RELAY_TEMPLATE:
		set_text(c, i, member, slot->text);
		break;
	case RELAY_LIST:
		set_list(c, i, member, &slot->list);
		break;
	case RELAY_CHOICE:
		*(int *)member = slot->choice;
		break;
	case RELAY_SECRET:
		return set_secret(c, i, member, slot->text, problem);
	}
	return true;
}

struct plugin_config *plugin_config_create(
		const struct plugin *p, const union plugin_slot *slots, struct str *problem)
{
	struct plugin_config *c = xcalloc(1, sizeof(*c));
	bool ok = true;

	c->plugin = p;
	c->settings = xcalloc(1, p->relay->config_size + 1);
	for (size_t i = 0; ok && i < p->setting_count; i++)
		ok = set_member(c, i, &slots[i], problem);
	if (ok)
		return c;
	plugin_config_destroy(c);
	return NULL;
}

void plugin_config_destroy(struct plugin_config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < SETTINGS_MAX_ROWS; i++) {
		secret_free(c->secrets[i]);
		free(c->texts[i]);
		text_list_finish(&c->lists[i]);
	}
	free(c->settings);
	free(c);
}

void plugin_settings_digest(
		const struct plugin *p, const union plugin_slot *slots, uint64_t *digest)
{
	for (size_t i = 0; i < p->setting_count; i++) {
		if (p->relay->settings[i].kind == RELAY_SECRET)
			secret_digest(slots[i].text, digest);
	}
}

const void *plugin_config_struct(const struct plugin_config *c)
{
	return c->settings;
}

bool plugin_settings_lack(const struct plugin *p, const union plugin_slot *slots,
		const struct settings_lines *lines)
{
	for (size_t i = 0; i < p->setting_count; i++) {
		const struct relay_setting *s = &p->relay->settings[i];

		if (!(s->flags & RELAY_REQUIRED))
			continue;
		if (lines->of_row[i] == 0 || (s->kind == RELAY_LIST && slots[i].list.count == 0) ||
				((s->kind == RELAY_TEXT || s->kind == RELAY_SECRET ||
						 s->kind == RELAY_TEMPLATE) &&
						slots[i].text == NULL))
			return true;
	}
	return false;
}

const char *plugin_settings_template(const struct plugin *p, const union plugin_slot *slots,
		size_t n, const char **ret_name)
{
	for (size_t i = 0; i < p->setting_count; i++) {
		if (p->relay->settings[i].kind != RELAY_TEMPLATE || n-- > 0)
			continue;
		*ret_name = p->relay->settings[i].name;
		return slots[i].text;
	}
	return NULL;
}
