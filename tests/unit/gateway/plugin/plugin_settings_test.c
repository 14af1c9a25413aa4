/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include "gateway/output/relay.h"
#include "tests/unit/gateway/plugin/plugin_rig.h"

/* Rows and slots of the sample, as a block of the configuration has them. */
struct block {
	struct plugin *plugin;
	struct setting rows[32];
	union plugin_slot slots[32];
	struct settings_lines lines;
};

static void block_open(struct plugin_rig *rig, struct block *b)
{
	memset(b, 0, sizeof(*b));
	rig_build(rig, "sample", "");
	b->plugin = plugin_load(rig->folder, span_of_text("sample"), &rig->problem);
	assert_non_null(b->plugin);
	plugin_settings_rows(b->plugin, 0, b->rows);
	settings_init(b->rows, b->slots);
}

static void block_close(struct block *b)
{
	settings_finish(b->rows, b->slots);
	plugin_unref(b->plugin);
}

static bool set(struct block *b, const char *keyword, const char *value)
{
	struct settings_report report = { 0 };
	bool ok = settings_set(b->rows, b->slots, "test", keyword, value, &report);

	str_finish(&report.text);
	return ok;
}

static void what_is_not_given_is_the_default(void **state)
{
	struct plugin_rig *rig = *state;
	const struct sample_config *s;
	struct plugin_config *c;
	struct block b;

	block_open(rig, &b);
	c = plugin_config_create(b.plugin, b.slots, &rig->problem);
	s = plugin_config_struct(c);
	assert_true(s->flag);
	assert_int_equal(s->number, 3);
	assert_int_equal(s->size, 1024);
	assert_int_equal(s->duration, 60);
	assert_null(s->text);
	assert_int_equal(s->list.count, 0);
	assert_int_equal(s->choice, 7);
	assert_null(s->secret);
	assert_null(s->template);
	assert_string_equal(s->other_template, "${topic}");
	plugin_config_destroy(c);
	plugin_config_destroy(NULL);
	block_close(&b);
}

static void each_kind_is_read(void **state)
{
	struct plugin_rig *rig = *state;
	const struct sample_config *s;
	struct plugin_config *c;
	const char *name = NULL;
	struct block b;

	block_open(rig, &b);
	rig_write(rig, "secret", "  open sesame \nsecond line\n", 0600);
	assert_true(set(&b, "flag", "no"));
	assert_true(set(&b, "number", "10"));
	assert_true(set(&b, "size", "64k"));
	assert_true(set(&b, "duration", "2h"));
	assert_true(set(&b, "text", "ten bytes!"));
	assert_true(set(&b, "list", "one"));
	assert_true(set(&b, "list", "and another"));
	assert_true(set(&b, "choice", "one"));
	assert_true(set(&b, "secret", rig_path(rig, "secret")));
	assert_true(set(&b, "first", "${host}"));
	c = plugin_config_create(b.plugin, b.slots, &rig->problem);
	assert_non_null(c);
	assert_string_equal(plugin_settings_template(b.plugin, b.slots, 0, &name), "${host}");
	assert_string_equal(name, "first");
	assert_string_equal(plugin_settings_template(b.plugin, b.slots, 1, &name), "${topic}");
	assert_null(plugin_settings_template(b.plugin, b.slots, 2, &name));
	settings_finish(b.rows, b.slots); /* what the plugin has outlives the configuration */
	s = plugin_config_struct(c);
	assert_false(s->flag);
	assert_int_equal(s->number, 10);
	assert_int_equal(s->size, 65536);
	assert_int_equal(s->duration, 7200);
	assert_string_equal(s->text, "ten bytes!");
	assert_int_equal(s->list.count, 2);
	assert_string_equal(s->list.texts[1], "and another");
	assert_int_equal(s->choice, 1);
	assert_string_equal(s->secret, "open sesame");
	assert_string_equal(s->template, "${host}");
	plugin_config_destroy(c);
	plugin_unref(b.plugin);
}

static void bounds_are_kept(void **state)
{
	struct plugin_rig *rig = *state;
	struct block b;

	block_open(rig, &b);
	assert_false(set(&b, "number", "0"));
	assert_false(set(&b, "number", "11"));
	assert_false(set(&b, "size", "2M"));
	assert_false(set(&b, "duration", "3h"));
	assert_false(set(&b, "text", "eleven byte"));
	assert_false(set(&b, "choice", "seventh"));
	assert_false(set(&b, "flag", "perhaps"));
	block_close(&b);
}

static void a_secret_is_one(void **state)
{
	struct plugin_rig *rig = *state;
	struct plugin_config *c;
	struct block b;
	uint64_t before = 0, after = 0;

	block_open(rig, &b);
	assert_true(set(&b, "secret", rig_path(rig, "secret")));
	assert_null(plugin_config_create(b.plugin, b.slots, &rig->problem));
	assert_non_null(strstr(str_text(&rig->problem), "secret /tmp/belfry-plugin."));
	rig_write(rig, "secret", "s\n", 0644);
	str_clear(&rig->problem);
	assert_null(plugin_config_create(b.plugin, b.slots, &rig->problem));
	assert_true(rig->problem.len > 0);
	assert_int_equal(chmod(rig_path(rig, "secret"), 0600), 0);
	c = plugin_config_create(b.plugin, b.slots, &rig->problem);
	assert_non_null(c);
	plugin_config_destroy(c);
	plugin_settings_digest(b.plugin, b.slots, &before);
	rig_write(rig, "secret", "t\n", 0600);
	plugin_settings_digest(b.plugin, b.slots, &after);
	assert_int_not_equal(before, after); /* a reload sees it */
	block_close(&b);
}

static void what_is_required_is_missed(void **state)
{
	struct plugin_rig *rig = *state;
	struct block b;

	memset(&b, 0, sizeof(b));
	rig_build(rig, "sample",
			"-DSAMPLE_ROW='{ \"must\", RELAY_TEXT, offsetof(struct config, text), 1, "
			"9, "
			"NULL, RELAY_REQUIRED, \"Help.\" },'");
	b.plugin = plugin_load(rig->folder, span_of_text("sample"), &rig->problem);
	assert_true(plugin_settings_lack(b.plugin, b.slots, &b.lines));
	b.lines.of_row[10] = 7; /* it stands there, but is none */
	assert_true(plugin_settings_lack(b.plugin, b.slots, &b.lines));
	b.slots[10].text = rig->folder;
	assert_false(plugin_settings_lack(b.plugin, b.slots, &b.lines));
	plugin_unref(b.plugin);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_not_given_is_the_default),
		TEST(each_kind_is_read),
		TEST(bounds_are_kept),
		TEST(a_secret_is_one),
		TEST(what_is_required_is_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
