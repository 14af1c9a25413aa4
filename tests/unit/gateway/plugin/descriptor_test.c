/* SPDX-License-Identifier: MIT */
#include "gateway/plugin/descriptor.h"

#include "tests/unit/unit.h"

struct config {
	bool flag;
	uint64_t number;
	struct relay_list list;
};

static const struct relay_setting flag = { "flag", RELAY_BOOL, offsetof(struct config, flag), 0, 0,
	NULL, 0, "A flag.", NULL };
static const struct relay_counter pushed = { "pushed", "things that were pushed", false };

static void *open_it(const struct relay_host *host, const void *config)
{
	(void)config;
	return (void *)(uintptr_t)host;
}

static enum relay_verdict deliver(
		void *instance, const struct relay_batch *batch, struct relay_outcome *outcome)
{
	(void)instance, (void)batch, (void)outcome;
	return RELAY_OK;
}

static void close_it(void *instance)
{
	(void)instance;
}

/* Nothing is wrong with it. */
static struct relay_plugin good_one(void)
{
	return (struct relay_plugin){ RELAY_HEADER, .name = "sample", .version = "1.0",
		.help = "Delivers nothing.", .config_size = sizeof(struct config), .open = open_it,
		.deliver = deliver, .close = close_it };
}

/* The word stands in what is wrong with it; NULL: nothing is. */
static void check(const struct relay_plugin *r, const char *word)
{
	struct descriptor_rows rows;
	const char *problem = descriptor_problem(r, span_of_text("sample"), &rows);

	if (word == NULL && problem != NULL)
		fail_msg("is refused: it %s", problem);
	if (word != NULL && (problem == NULL || strstr(problem, word) == NULL))
		fail_msg("'%s' says nothing of '%s'", problem != NULL ? problem : "", word);
}

static void rows_of_its_tables_are_counted(void **state)
{
	const struct relay_setting settings[] = { flag,
		{ "key", RELAY_TEMPLATE, 0, 0, 0, NULL, 0, "A template.", NULL }, { 0 } };
	const struct relay_counter counters[] = { pushed, { 0 } };
	struct relay_plugin r = good_one();
	struct descriptor_rows rows;

	(void)state;
	assert_null(descriptor_problem(&r, span_of_text("sample"), &rows));
	assert_int_equal(rows.settings + rows.templates + rows.counters, 0);
	r.settings = settings;
	r.counters = counters;
	assert_null(descriptor_problem(&r, span_of_text("sample"), &rows));
	assert_int_equal(rows.settings, 2);
	assert_int_equal(rows.templates, 1);
	assert_int_equal(rows.counters, 1);
}

static void another_interface_is_refused(void **state)
{
	struct relay_plugin r = good_one();

	(void)state;
	r.abi_major = RELAY_ABI_MAJOR + 1;
	check(&r, "another major version");
	r.abi_major = 0;
	check(&r, "another major version");
	r = good_one();
	r.abi_minor = RELAY_ABI_MINOR + 1;
	check(&r, "take a newer belfry-gateway");
	r = good_one();
	r.size = 16;
	check(&r, "descriptor that is too short");
}

static void what_every_plugin_has_may_not_be_missing(void **state)
{
	struct relay_plugin r = good_one();

	(void)state;
	r.name = "other";
	check(&r, "another name than its file");
	r.name = NULL;
	check(&r, "another name than its file");
	r = good_one();
	r.version = NULL;
	check(&r, "without version or help");
	r = good_one();
	r.help = NULL;
	check(&r, "without version or help");
	r = good_one();
	r.open = NULL;
	check(&r, "without open, deliver or close");
	r = good_one();
	r.deliver = NULL;
	check(&r, "without open, deliver or close");
	r = good_one();
	r.close = NULL;
	check(&r, "without open, deliver or close");
}

static void settings_that_cannot_be_are_refused(void **state)
{
	static const struct {
		struct relay_setting row;
		const char *word;
	} cases[] = {
		{ { "x", (enum relay_kind)12, 0, 0, 0, NULL, 0, "Help.", NULL }, "unknown kind" },
		{ { "x", (enum relay_kind)0, 0, 0, 0, NULL, 0, "Help.", NULL }, "unknown kind" },
		{ { "x y", RELAY_BOOL, 0, 0, 0, NULL, 0, "Help.", NULL }, "a-z 0-9 _" },
		{ { "", RELAY_BOOL, 0, 0, 0, NULL, 0, "Help.", NULL }, "a-z 0-9 _" },
		{ { "x", RELAY_BOOL, 0, 0, 0, NULL, 0, NULL, NULL }, "without help" },
		{ { "x", RELAY_CHOICE, 0, 0, 0, NULL, 0, "Help.", NULL }, "without choices" },
		{ { "x", RELAY_BOOL, sizeof(struct config), 0, 0, NULL, 0, "Help.", NULL },
				"outside config_size" },
		/* It begins inside, and ends behind. */
		{ { "x", RELAY_LIST, sizeof(struct config) - 8, 0, 0, NULL, 0, "Help.", NULL },
				"outside config_size" },
		{ { "x", RELAY_LIST, offsetof(struct config, list), 0, 0, NULL, 0, "Help.", NULL },
				NULL },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		const struct relay_setting settings[] = { flag, cases[i].row, { 0 } };
		struct relay_plugin r = good_one();

		r.settings = settings;
		check(&r, cases[i].word);
	}
}

static void counters_that_cannot_be_are_refused(void **state)
{
	static const struct {
		struct relay_counter row;
		const char *word;
	} cases[] = {
		{ { "a b", "help", false }, "a-z 0-9 _" },
		{ { "b", NULL, false }, "without help" },
		{ { "pushed", "again", false }, "of one name" },
		{ { "taken", "help", true }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		const struct relay_counter counters[] = { pushed, cases[i].row, { 0 } };
		struct relay_plugin r = good_one();

		r.counters = counters;
		check(&r, cases[i].word);
	}
}

static void there_are_no_more_templates_than_records_have_room_for(void **state)
{
	struct relay_setting settings[PLUGIN_MAX_TEMPLATES + 2] = { 0 };
	struct relay_plugin r = good_one();

	(void)state;
	r.settings = settings;
	for (size_t i = 0; i <= PLUGIN_MAX_TEMPLATES; i++) {
		check(&r, NULL);
		settings[i] = (struct relay_setting){ "x", RELAY_TEMPLATE, 0, 0, 0, NULL, 0,
			"Help.", NULL };
	}
	check(&r, "than are possible");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_its_tables_are_counted),
		cmocka_unit_test(another_interface_is_refused),
		cmocka_unit_test(what_every_plugin_has_may_not_be_missing),
		cmocka_unit_test(settings_that_cannot_be_are_refused),
		cmocka_unit_test(counters_that_cannot_be_are_refused),
		cmocka_unit_test(there_are_no_more_templates_than_records_have_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
