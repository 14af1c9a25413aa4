/* SPDX-License-Identifier: MIT */
#include "cli/pending_list.h"

#include "tests/unit/unit.h"

static const struct snippet_style nagios = { SNIPPET_NAGIOS, "generic-host", "generic-service",
	NULL };

static void add(struct pending_list *list, const char *json)
{
	cJSON *reply = cJSON_Parse(json);

	assert_non_null(reply);
	pending_list_add(list, reply);
	cJSON_Delete(reply);
}

/* A host that is missing with two services, and a service of one that is there. */
static struct pending_list example(void)
{
	struct pending_list list = { 0 };

	add(&list, "{\"objects\":[{\"host\":\"web9\",\"service\":\"Load\",\"missing\":\"host\"},"
		   "{\"host\":\"db1\",\"service\":\"Repl\",\"missing\":\"service\",\"count\":3}]}");
	add(&list, "{\"objects\":[{\"host\":\"web9\",\"service\":\"\",\"missing\":\"host\"},"
		   "{\"host\":\"web9\",\"service\":\"Disk\",\"missing\":\"host\"}],\"end\":true}");
	pending_list_sort(&list);
	return list;
}

static bool contains(const struct str *text, const char *what)
{
	return strstr(str_text(text), what) != NULL;
}

static void replies_are_put_together_and_sorted(void **unused)
{
	struct pending_list list = example();

	(void)unused;
	assert_int_equal(list.count, 4);
	assert_string_equal(list.all[0].host, "db1");
	assert_int_equal((int)list.all[0].count, 3);
	assert_string_equal(list.all[1].service, "");
	assert_string_equal(list.all[2].service, "Disk");
	assert_string_equal(list.all[3].service, "Load");
	pending_list_finish(&list);
}

static void what_is_no_object_is_passed_over(void **unused)
{
	static const char *const bad[] = { "{}", "[]", "1", "{\"objects\":1}",
		"{\"objects\":[1,[],{}]}", "{\"objects\":[{\"host\":7}]}",
		"{\"objects\":[{\"host\":\"\"}]}", "{\"objects\":{\"host\":{\"host\":\"\"}}}" };
	struct pending_list list = { 0 };

	(void)unused;
	for (size_t i = 0; i < array_size(bad); i++)
		add(&list, bad[i]);
	assert_int_equal(list.count, 0);
	add(&list, "{\"objects\":[{\"host\":\"h\",\"count\":\"x\",\"output\":[]}]}");
	assert_int_equal(list.count, 1);
	assert_string_equal(list.all[0].output, "");
	pending_list_finish(&list);
}

static void a_missing_host_is_defined_once_with_its_services(void **unused)
{
	struct pending_list list = example();
	struct str into = { 0 }, problem = { 0 };
	const char *host;

	(void)unused;
	assert_true(pending_list_define(&list, "web9", &nagios, &into, &problem));
	host = strstr(str_text(&into), "define host {");
	assert_non_null(host);
	assert_null(strstr(host + 1, "define host {"));
	assert_true(contains(&into, "service_description     Disk\n"));
	assert_true(contains(&into, "service_description     Load\n"));
	assert_false(contains(&into, "Repl"));
	str_finish(&into);
	str_finish(&problem);
	pending_list_finish(&list);
}

static void a_host_that_is_there_is_not_defined_again(void **unused)
{
	struct pending_list list = example();
	struct str into = { 0 }, problem = { 0 };

	(void)unused;
	assert_true(pending_list_define(&list, "db1", &nagios, &into, &problem));
	assert_false(contains(&into, "define host"));
	assert_true(contains(&into, "service_description     Repl\n"));
	str_finish(&into);
	str_finish(&problem);
	pending_list_finish(&list);
}

static void what_cannot_be_defined_leaves_no_half(void **unused)
{
	struct pending_list list = example();
	struct str into = { 0 }, problem = { 0 };

	(void)unused;
	str_append_text(&into, "before");
	assert_false(pending_list_define(&list, "nobody", &nagios, &into, &problem));
	assert_true(contains(&problem, "'nobody' is not pending"));
	add(&list, "{\"objects\":[{\"host\":\"web9\",\"service\":\"x\\n}\\ndefine host{\"}]}");
	str_clear(&problem);
	assert_false(pending_list_define(&list, "web9", &nagios, &into, &problem));
	assert_true(contains(&problem, "service 'x\\x0a}"));
	assert_string_equal(str_text(&into), "before");
	str_finish(&into);
	str_finish(&problem);
	pending_list_finish(&list);
}

static void hostile_texts_are_shown_escaped(void **unused)
{
	struct pending_list list = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	cJSON *again;

	(void)unused;
	add(&list, "{\"objects\":[{\"host\":\"a\\u001b[2J\",\"output\":\"x\\ny\"}]}");
	pending_list_print(&list, out);
	fflush(out);
	assert_null(strchr(text, '\x1b'));
	assert_non_null(strstr(text, "x\\x0ay\n"));
	fclose(out);
	free(text);
	out = open_memstream(&text, &size);
	pending_list_json(&list, out);
	fclose(out);
	again = cJSON_Parse(text);
	assert_int_equal(cJSON_GetArraySize(again), 1);
	cJSON_Delete(again);
	free(text);
	pending_list_finish(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_put_together_and_sorted),
		cmocka_unit_test(what_is_no_object_is_passed_over),
		cmocka_unit_test(a_missing_host_is_defined_once_with_its_services),
		cmocka_unit_test(a_host_that_is_there_is_not_defined_again),
		cmocka_unit_test(what_cannot_be_defined_leaves_no_half),
		cmocka_unit_test(hostile_texts_are_shown_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
