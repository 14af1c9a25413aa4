/* SPDX-License-Identifier: MIT */
#include "gateway/config_output.h"

#include "common/mem.h"
#include "common/nearest.h"
#include "gateway/output/check_results.h"
#include "gateway/output/command_file.h"
#include "gateway/output/icinga2.h"
#include "gateway/output/query_handler.h"
#include "gateway/output/relay.h"

const struct sink_class *const config_output_types[CONFIG_OUTPUT_TYPES] = {
	&command_file_class,
	&check_results_class,
	&query_handler_class,
	&icinga2_class,
};

bool config_name_is_plain(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
				    (i > 0 && (c == '-' || c == '_' || c == '.'))))
			return false;
	}
	return name.len > 0 && name.len <= 64;
}

static void plugin_folder(const struct config *c, struct str *into)
{
	if (c->plugin_dir != NULL)
		str_append_text(into, c->plugin_dir);
	else
		plugin_default_folder(into);
}

static void offer_type(struct nearest *n, struct str *known, struct span type, const char *name)
{
	nearest_offer(n, type, name);
	str_printf(known, " %s", name);
}

/* There is no such file: which types there are instead. */
static void no_type(struct settings_line *line, struct span type, const struct text_list *plugins,
		const struct str *why)
{
	struct str built_in = { 0 }, loadable = { 0 };
	struct nearest n = { 0 };

	for (size_t i = 0; i < CONFIG_OUTPUT_TYPES; i++)
		offer_type(&n, &built_in, type, config_output_types[i]->type);
	if (plugins->count > 0)
		str_append_text(&loadable, "; plugins are:");
	for (size_t i = 0; i < plugins->count; i++)
		offer_type(&n, &loadable, type, plugins->texts[i]);
	if (n.best != NULL)
		settings_error(line, type, "is no type of output; did you mean '%s'?", n.best);
	else
		settings_error(line, type, "is no type of output; built in are:%s%s; %s",
				str_text(&built_in), str_text(&loadable), str_text(why));
	str_finish(&built_in);
	str_finish(&loadable);
}

static void unknown_type(const struct config *c, struct settings_line *line, struct span type,
		const struct str *why)
{
	struct text_list plugins = { 0 };
	struct str folder = { 0 };
	bool is_there = false;

	plugin_folder(c, &folder);
	plugin_list(str_text(&folder), &plugins);
	for (size_t i = 0; i < plugins.count; i++)
		is_there = is_there || span_equal_text(type, plugins.texts[i]);
	if (is_there)
		settings_error(line, type, "is a plugin that is refused: %s", str_text(why));
	else
		no_type(line, type, &plugins, why);
	text_list_finish(&plugins);
	str_finish(&folder);
}

static const struct sink_class *find_relay(const struct config *c, struct span type)
{
	for (size_t i = 0; i < c->relay_type_count; i++) {
		if (span_equal_text(type, c->relay_types[i]->class.type))
			return &c->relay_types[i]->class;
	}
	return NULL;
}

/* A type that is not built in is a plugin. NULL with why. */
static const struct sink_class *load_relay(struct config *c, struct span type, struct str *why)
{
	struct str folder = { 0 };
	struct relay_type *t;

	plugin_folder(c, &folder);
	t = relay_type_load(str_text(&folder), type, why);
	str_finish(&folder);
	if (t == NULL)
		return NULL;
	c->relay_types = grow_array(c->relay_types, c->relay_type_count, &c->relay_type_capacity,
			sizeof(*c->relay_types));
	c->relay_types[c->relay_type_count++] = t;
	return &t->class;
}

static const struct sink_class *find_type(struct config *c, struct span type, struct str *why)
{
	const struct sink_class *class;

	for (size_t i = 0; i < CONFIG_OUTPUT_TYPES; i++) {
		if (span_equal_text(type, config_output_types[i]->type))
			return config_output_types[i];
	}
	class = find_relay(c, type);
	return class != NULL ? class : load_relay(c, type, why);
}

static bool name_is_free(const struct config *c, struct settings_line *line, struct span name)
{
	if (!config_name_is_plain(name))
		return settings_error(line, name,
				"is no name for an output; take letters, digits, "
				"- _ . (at most 64), as in: output nagios "
				"command_file");
	for (size_t n = 0; n < c->output_count; n++) {
		if (span_equal_text(name, c->outputs[n]->name))
			return settings_error(line, name,
					"is the name of the output on line %u already; take "
					"another",
					c->outputs[n]->line);
	}
	return c->output_count < MAX_OUTPUTS ||
	       settings_error(line, name, "is one output too many; %d are possible", MAX_OUTPUTS);
}

static struct output_config *add_output(
		struct config *c, const struct sink_class *class, struct span name, unsigned line)
{
	struct output_config *o = xcalloc(1, class->config_size);

	c->outputs = grow_array(
			c->outputs, c->output_count, &c->output_capacity, sizeof(*c->outputs));
	o->name = span_dup_text(name);
	o->class = class;
	o->tells = class->encode_record == NULL;
	o->line = line;
	settings_init(class->settings, o);
	c->outputs[c->output_count++] = o;
	return o;
}

bool config_open_output(void *owner, struct settings_line *line, struct settings_block *ret)
{
	struct config *c = owner;
	struct span name = settings_word(line);
	struct span type = settings_word(line);
	struct str why = { 0 };
	const struct sink_class *class = find_type(c, type, &why);
	struct output_config *o;

	if (class == NULL)
		unknown_type(c, line, type, &why);
	str_finish(&why);
	*ret = (struct settings_block){ .table = class != NULL ? class->settings : NULL,
		.is_unknown = class == NULL };
	if (class == NULL || !name_is_free(c, line, name)) {
		text_list_add(&c->outputs_refused, name);
		return false;
	}
	o = add_output(c, class, name, line->number);
	*ret = (struct settings_block){
		.table = class->settings, .target = o, .title = "output", .lines = &o->lines
	};
	return true;
}
