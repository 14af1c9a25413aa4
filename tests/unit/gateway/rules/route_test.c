/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/result/decode.h"
#include "gateway/rules/route.h"

static void templates_make_names_of_topics(void **state)
{
	static const struct {
		const char *text, *topic, *expected;
	} cases[] = {
		{ "${topic[1]}", "nagios/web1/Disk", "web1" },
		{ "${topic[1]}", "nagios", "" },
		{ "${topic[2..]}", "nagios/web1", "" },
		{ "${topic[2..]}", "nagios/web1/Disk", "Disk" },
		{ "${topic[2..]}", "nagios/web1/a/b/c", "a/b/c" },
		{ "${topic[2..]}", "nagios/web1/Disk%20%2Fvar", "Disk /var" },
		{ "${topic[0..1]}", "a/b/c", "a/b" },
		{ "${topic[3..9]}", "a/b/c", "" },
		{ "${topic[1]}", "nagios//x", "" },
		{ "fixed", "a/b", "fixed" },
		{ "pre-${topic[1]}.${topic[0]}", "dc/web", "pre-web.dc" },
		{ "$5 {x}", "a", "$5 {x}" },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct str problem = { 0 }, name = { 0 };
		struct template t;

		assert_true(template_parse(span_of_text(cases[i].text), "host", &t, &problem));
		assert_true(template_expand(&t, span_of_text(cases[i].topic), &name));
		assert_string_equal(str_text(&name), cases[i].expected);
		template_finish(&t);
		str_finish(&name);
		str_finish(&problem);
	}
}

static void a_broken_percent_escape_is_no_name(void **state)
{
	static const char *const bad[] = { "n/50%", "n/%4", "n/%zz", "n/a%2" };
	struct str problem = { 0 };
	struct template t;

	(void)state;
	assert_true(template_parse(span_of_text("${topic[1]}"), "host", &t, &problem));
	for (size_t i = 0; i < array_size(bad); i++) {
		struct str name = { 0 };

		assert_false(template_expand(&t, span_of_text(bad[i]), &name));
		str_finish(&name);
	}
	template_finish(&t);
}

static void a_template_that_means_nothing_is_refused(void **state)
{
	static const char *const bad[] = { "${topic[1]", "${topic[]}", "${topic[1.2]}",
		"${topic[3..2]}", "${topic[999]}", "${topic}", "${host}", "${json.service}",
		"x${json.host}", "${json.host}x", "${}", "${topic[1..2..3]}" };

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		struct str problem = { 0 };
		struct template t;

		assert_false(template_parse(span_of_text(bad[i]), "host", &t, &problem));
		assert_true(problem.len > 0);
		assert_null(t.parts);
		str_finish(&problem);
	}
}

static void a_name_may_be_left_to_the_payload(void **state)
{
	struct str problem = { 0 };
	struct template t;

	(void)state;
	assert_true(template_parse(span_of_text("${json.host}"), "host", &t, &problem));
	assert_true(t.from_payload);
	template_finish(&t);
}

struct plan {
	struct route routes[3];
	size_t outputs[3][2];
};

/* routes: a/# → 0 1;  +/x → 1 2 (text not decoded);  # → 2 */
static void make_plan(struct plan *p)
{
	static const char *const filters[] = { "a/#", "+/x", "#" };

	*p = (struct plan){ .outputs = { { 0, 1 }, { 1, 2 }, { 2, 0 } } };
	for (size_t i = 0; i < 3; i++) {
		text_list_add(&p->routes[i].filters, span_of_text(filters[i]));
		p->routes[i].outputs = p->outputs[i];
		p->routes[i].output_count = i == 2 ? 1 : 2;
		p->routes[i].formats = i == 1 ? 0 : DECODE_JSON;
	}
}

static void finish_plan(struct plan *p)
{
	for (size_t i = 0; i < 3; i++)
		text_list_finish(&p->routes[i].filters);
}

static void an_output_gets_a_message_by_the_first_route_to_it(void **state)
{
	struct plan p;

	(void)state;
	make_plan(&p);
	assert_ptr_equal(routes_find(p.routes, 3, span_of_text("a/x"), 0), &p.routes[0]);
	assert_ptr_equal(routes_find(p.routes, 3, span_of_text("a/x"), 1), &p.routes[0]);
	assert_ptr_equal(routes_find(p.routes, 3, span_of_text("a/x"), 2), &p.routes[1]);
	assert_ptr_equal(routes_find(p.routes, 3, span_of_text("b/x"), 1), &p.routes[1]);
	assert_null(routes_find(p.routes, 3, span_of_text("b/y"), 0));
	assert_null(routes_find(p.routes, 2, span_of_text("b/y"), 2));
	assert_false(routes_match(p.routes, 2, span_of_text("b/y")));
	assert_true(routes_match(p.routes, 3, span_of_text("b/y")));
	finish_plan(&p);
}

static void an_output_gets_results_named_as_its_route_names_them(void **state)
{
	static const struct span host = SPAN("h"), topic = SPAN("a/x");
	struct plan p;

	(void)state;
	make_plan(&p);
	p.routes[0].naming = 10;
	p.routes[2].naming = 20;
	p.routes[1].output_count = 1; /* 2 gets a/x by the last route */
	assert_true(routes_lead(p.routes, 3, topic, 10, host, 0));
	assert_false(routes_lead(p.routes, 3, topic, 20, host, 0));
	assert_true(routes_lead(p.routes, 3, topic, 20, host, 2));
	assert_false(routes_lead(p.routes, 3, topic, 10, host, 2));
	/* Named by a configuration that is gone: once for each. */
	assert_true(routes_lead(p.routes, 3, topic, 30, host, 0));
	assert_true(routes_lead(p.routes, 3, topic, 30, host, 2));
	assert_false(routes_lead(p.routes, 3, span_of_text("b"), 10, host, 0));
	finish_plan(&p);
}

static void an_output_gets_a_message_as_it_came_by_a_route_that_says_so(void **state)
{
	struct plan p;

	(void)state;
	make_plan(&p);
	for (size_t i = 0; i < 3; i++) {
		for (size_t o = 0; o < p.routes[i].output_count; o++)
			p.routes[i].output_set |= UINT64_C(1) << p.outputs[i][o];
	}
	assert_false(routes_pass_message(p.routes, 3, span_of_text("a/x"), 0));
	assert_false(routes_pass_message(p.routes, 3, span_of_text("a/x"), 1));
	assert_true(routes_pass_message(p.routes, 3, span_of_text("a/x"), 2));
	assert_true(routes_pass_message(p.routes, 3, span_of_text("b/x"), 1));
	assert_false(routes_pass_message(p.routes, 3, span_of_text("b/y"), 2));
	assert_true(routes_pass(p.routes, 3, span_of_text("a/x")));
	assert_false(routes_pass(p.routes, 3, span_of_text("b/y")));
	/* Both outputs of the second route have it decoded already. */
	p.outputs[0][0] = 2;
	p.routes[0].output_set = 2 | 4;
	assert_false(routes_pass(p.routes, 3, span_of_text("a/x")));
	/* Only a route that decodes keeps a result from being unrouted. */
	assert_false(routes_match(p.routes, 2, span_of_text("b/x")));
	finish_plan(&p);
}

static void what_is_below_belfry_is_passed_on_by_name_only(void **state)
{
	static const struct {
		const char *filter, *topic;
		bool passes;
	} cases[] = {
		{ "#", "belfry/alert/x", false },
		{ "#", "belfry", false },
		{ "#", "belfryx/alert", true },
		{ "+/alert/#", "belfry/alert/x", false },
		{ "+/alert/#", "nagios/alert/x", true },
		{ "belfry/#", "belfry/alert/x", true },
		{ "belfry/#", "belfry", true },
		{ "belfry/alert/#", "belfry/alert/x", true },
		{ "belfry/alert/#", "belfry/state/x", false },
		{ "belfry/+/x", "belfry/alert/x", true },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		size_t output = 0;
		struct route r = { .outputs = &output, .output_count = 1, .output_set = 1 };
		struct span topic = span_of_text(cases[i].topic);

		text_list_add(&r.filters, span_of_text(cases[i].filter));
		assert_int_equal(routes_pass_message(&r, 1, topic, 0), cases[i].passes);
		assert_int_equal(routes_pass(&r, 1, topic), cases[i].passes);
		r.formats = DECODE_JSON;
		assert_false(routes_pass(&r, 1, topic));
		assert_int_equal(route_takes(&r, topic), route_matches(&r, topic));
		text_list_finish(&r.filters);
	}
}

static void by_host_each_host_has_one_output_and_few_move(void **state)
{
	static const char *names[] = { "core1", "core2", "core3" };
	size_t outputs[] = { 0, 1, 2 }, hosts[3] = { 0 }, moved = 0;
	struct route r = { .outputs = outputs, .output_names = names, .by_host = true };

	(void)state;
	for (int i = 0; i < 3000; i++) {
		char host[32];
		size_t of_three, of_two;

		snprintf(host, sizeof(host), "web%d.example", i);
		r.output_count = 3;
		of_three = route_output_of(&r, span_of_text(host));
		hosts[of_three]++;
		r.output_count = 2;
		of_two = route_output_of(&r, span_of_text(host));
		moved += of_two != of_three && of_three != 2;
	}
	assert_int_equal(moved, 0); /* only those of the output that went */
	for (size_t i = 0; i < 3; i++)
		assert_in_range(hosts[i], 800, 1200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_make_names_of_topics),
		cmocka_unit_test(a_broken_percent_escape_is_no_name),
		cmocka_unit_test(a_template_that_means_nothing_is_refused),
		cmocka_unit_test(a_name_may_be_left_to_the_payload),
		cmocka_unit_test(an_output_gets_a_message_by_the_first_route_to_it),
		cmocka_unit_test(an_output_gets_results_named_as_its_route_names_them),
		cmocka_unit_test(an_output_gets_a_message_as_it_came_by_a_route_that_says_so),
		cmocka_unit_test(what_is_below_belfry_is_passed_on_by_name_only),
		cmocka_unit_test(by_host_each_host_has_one_output_and_few_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
