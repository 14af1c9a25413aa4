/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include "gateway/output/relay.h"
#include "gateway/plugin/plugin.h"
#include "tests/unit/gateway/plugin/plugin_rig.h"

#include <sys/mman.h>

enum { NOBODY = 65534 };

static struct plugin *load(struct plugin_rig *rig, const char *name)
{
	str_clear(&rig->problem);
	return plugin_load(rig->folder, span_of_text(name), &rig->problem);
}

/* It is not taken, and all of the words stand in the sentence that says why. */
static void assert_refused(struct plugin_rig *rig, const char *name, const char *word)
{
	assert_null(load(rig, name));
	if (strstr(str_text(&rig->problem), word) == NULL)
		fail_msg("'%s' says nothing of '%s'", str_text(&rig->problem), word);
	assert_null(strstr(str_text(&rig->problem), "/proc/"));
}

static void assert_build_refused(struct plugin_rig *rig, const char *how, const char *word)
{
	rig_build(rig, "sample", how);
	assert_refused(rig, "sample", word);
}

static void a_plugin_is_loaded(void **state)
{
	struct plugin_rig *rig = *state;
	struct plugin *p;

	rig_build(rig, "sample", "");
	p = load(rig, "sample");
	assert_non_null(p);
	assert_string_equal(p->relay->name, "sample");
	assert_int_equal(p->setting_count, 10);
	assert_int_equal(p->template_count, 2);
	assert_int_equal(p->counter_count, 1);
	assert_int_equal(rig->problem.len, 0);
	plugin_unref(plugin_ref(p));
	assert_string_equal(p->relay->version, "1.0");
	plugin_unref(p);
	plugin_unref(NULL);
}

/* A name server that does not answer holds a thread in it, which comes back some day. */
static void its_code_stays_when_nobody_wants_it_any_more(void **state)
{
	struct plugin_rig *rig = *state;
	const struct relay_plugin *relay;
	struct plugin *p;
	unsigned char there;

	rig_build(rig, "sample", "");
	p = load(rig, "sample");
	relay = p->relay;
	plugin_unref(p);
	assert_int_equal(mincore((void *)((uintptr_t)relay & ~(uintptr_t)4095), 1, &there), 0);
	assert_string_equal(relay->name, "sample");
}

/* The loader keeps what it has loaded by its name, and a descriptor's number comes again. */
static void two_plugins_are_two(void **state)
{
	struct plugin_rig *rig = *state;
	struct plugin *a, *b;

	rig_build(rig, "sample", "");
	rig_build(rig, "other", "-DSAMPLE_NAME='\"other\"'");
	a = load(rig, "sample");
	b = load(rig, "other");
	assert_non_null(a);
	assert_non_null(b);
	assert_string_equal(a->relay->name, "sample");
	assert_string_equal(b->relay->name, "other");
	plugin_unref(a);
	plugin_unref(b);
}

static void a_plugin_that_was_replaced_is_the_new_one(void **state)
{
	struct plugin_rig *rig = *state;
	struct plugin *old, *again, *new;

	rig_build(rig, "sample", "");
	old = load(rig, "sample");
	again = load(rig, "sample");
	assert_ptr_equal(old->relay, again->relay);
	rig_build(rig, "sample", "-DSAMPLE_COUNTER='{ \"more\", \"more of it\", false },'");
	new = load(rig, "sample");
	assert_int_equal(old->counter_count, 1);
	assert_int_equal(new->counter_count, 2);
	assert_string_equal(new->relay->counters[1].name, "more");
	plugin_unref(old);
	plugin_unref(again);
	assert_string_equal(new->relay->name, "sample");
	plugin_unref(new);
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const names[] = { "", "../sample", "a/b", "Sample", "sample.so", "a b",
		"01234567890123456789012345678901234567890123456789012345678901234" };
	struct plugin_rig *rig = *state;

	for (size_t i = 0; i < array_size(names); i++)
		assert_refused(rig, names[i], "the name of a plugin is made of");
}

static void what_is_no_file_of_ours_is_refused(void **state)
{
	struct plugin_rig *rig = *state;

	assert_refused(rig, "sample", "there is no ");
	assert_int_equal(mkdir(rig_path(rig, "sample.so"), 0755), 0);
	assert_refused(rig, "sample", "is not a file");
	assert_int_equal(rmdir(rig_path(rig, "sample.so")), 0);
	assert_int_equal(mkfifo(rig_path(rig, "sample.so"), 0644), 0);
	assert_refused(rig, "sample", "is not a file");
	assert_int_equal(unlink(rig_path(rig, "sample.so")), 0);
	rig_write(rig, "sample.so", "no shared object", 0644);
	assert_refused(rig, "sample", "cannot be loaded: ");
	assert_int_equal(unlink(rig_path(rig, "sample.so")), 0);
	assert_int_equal(symlink("nowhere", rig_path(rig, "sample.so")), 0);
	assert_refused(rig, "sample", "there is no ");
}

/* What counts is who may change the file that is loaded, not the link to it. */
static void a_link_leads_to_the_file_that_is_looked_at(void **state)
{
	struct plugin_rig *rig = *state;
	struct plugin *p;

	rig_build(rig, "real", "");
	assert_int_equal(symlink("real.so", rig_path(rig, "sample.so")), 0);
	p = load(rig, "sample");
	assert_non_null(p);
	plugin_unref(p);
	assert_int_equal(chmod(rig_path(rig, "real.so"), 0666), 0);
	assert_refused(rig, "sample", "may be written to by everybody; chmod o-w ");
}

static void what_others_may_change_is_refused(void **state)
{
	struct plugin_rig *rig = *state;

	rig_build(rig, "sample", "");
	assert_int_equal(chmod(rig->folder, 0777), 0);
	assert_refused(rig, "sample", "may be written to by everybody; chmod o-w ");
	assert_int_equal(chmod(rig->folder, 0755), 0);
	assert_int_equal(chmod(rig_path(rig, "sample.so"), 0757), 0);
	assert_refused(rig, "sample", "sample.so may be written to by everybody");
	assert_int_equal(chmod(rig_path(rig, "sample.so"), 0755), 0);
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(rig_path(rig, "sample.so"), NOBODY, NOBODY), 0);
	assert_refused(rig, "sample", "belongs to user 65534");
	assert_int_equal(chown(rig_path(rig, "sample.so"), 0, 0), 0);
	assert_int_equal(chown(rig->folder, NOBODY, NOBODY), 0);
	assert_refused(rig, "sample", "belongs to user 65534");
	assert_int_equal(chown(rig->folder, 0, 0), 0);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
	struct plugin_rig *rig = *state;

	assert_null(plugin_load("/no/such/folder", span_of_text("sample"), &rig->problem));
	assert_string_equal(str_text(&rig->problem),
			"plugin_dir /no/such/folder: No such file or directory");
}

/* The rules themselves are descriptor_test.c's. */
static void what_is_no_plugin_or_has_a_wrong_descriptor_is_refused(void **state)
{
	struct plugin_rig *rig = *state;

	assert_build_refused(rig, "-DSAMPLE_SYMBOL=some_relay", "no symbol belfry_relay");
	assert_build_refused(rig, "-DSAMPLE_MAJOR=2", "sample.so was built for another major");
	assert_build_refused(rig, "-DSAMPLE_COUNTER='{ \"b\", NULL, false },'",
			"sample.so has a counter without help");
}

/* As a type of output, with the settings that all relays have. */
static void assert_type_refused(struct plugin_rig *rig, const char *how, const char *word)
{
	rig_build(rig, "sample", how);
	str_clear(&rig->problem);
	assert_null(relay_type_load(rig->folder, span_of_text("sample"), &rig->problem));
	if (strstr(str_text(&rig->problem), word) == NULL)
		fail_msg("'%s' says nothing of '%s'", str_text(&rig->problem), word);
}

static void defaults_are_read_before_they_are_needed(void **state)
{
	struct plugin_rig *rig = *state;

	assert_type_refused(rig,
			"-DSAMPLE_ROW='{ \"x\", RELAY_NUMBER, 8, 1, 9, \"ten\", 0, \"Help.\" },'",
			"a default of x that is none: 'ten' is not a number from 1 to 9");
	assert_type_refused(rig, "-DSAMPLE_DEFAULTS='.defaults.linger = \"soon\"'",
			"a default of linger that is none");
	assert_type_refused(rig, "-DSAMPLE_DEFAULTS='.defaults.schema = \"xml\"'",
			"a default of schema that is none");
	assert_type_refused(rig,
			"-DSAMPLE_ROW='{ \"linger\", RELAY_BOOL, 0, 0, 0, NULL, 0, \"Help.\" },'",
			"a setting linger of its own");
	assert_type_refused(rig,
			"-DSAMPLE_ROW='{ \"flag\", RELAY_BOOL, 0, 0, 0, NULL, 0, \"Help.\" },'",
			"a setting flag of its own");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_plugin_is_loaded),
		TEST(its_code_stays_when_nobody_wants_it_any_more),
		TEST(two_plugins_are_two),
		TEST(a_plugin_that_was_replaced_is_the_new_one),
		TEST(names_that_lead_elsewhere_are_refused),
		TEST(what_is_no_file_of_ours_is_refused),
		TEST(a_link_leads_to_the_file_that_is_looked_at),
		TEST(what_others_may_change_is_refused),
		TEST(a_folder_that_is_not_there_is_named),
		TEST(what_is_no_plugin_or_has_a_wrong_descriptor_is_refused),
		TEST(defaults_are_read_before_they_are_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
