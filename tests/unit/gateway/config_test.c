/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "gateway/config.h"
#include "gateway/output/command_file.h"
#include "gateway/result/decode.h"

#define HEAD   "broker mqtt://localhost\nstate_dir /var/lib/g\n"
#define TLS    "broker mqtts://x\nstate_dir /s\n"
#define OUTPUT "output nagios command_file\npath /run/nagios.cmd\n"
#define ROUTE  "route nagios/#\nto nagios\n"

static const struct command_file_config *command_file(const struct config *c, size_t output)
{
	assert_ptr_equal(c->outputs[output]->class, &command_file_class);
	return (const void *)c->outputs[output];
}

static void a_small_file_is_enough(void **state)
{
	struct settings_report report = { 0 };
	struct config c = { 0 };

	(void)state;
	assert_true(config_parse(&c, span_of_text(HEAD OUTPUT ROUTE), "f", &report));
	assert_int_equal(c.broker_count, 1);
	assert_int_equal(c.brokers[0].url.port, 1883);
	assert_int_equal(c.receive_maximum, 2000);
	assert_string_equal(c.client_id, "belfry-gateway");
	assert_int_equal(c.output_count, 1);
	assert_string_equal(command_file(&c, 0)->batch_dir, "/var/lib/g/batches");
	assert_int_equal(command_file(&c, 0)->delivery, DELIVERY_CONFIRMED);
	assert_int_equal(c.route_count, 1);
	assert_int_equal(c.routes[0].formats, DECODE_JSON);
	assert_int_equal(c.routes[0].output_count, 1);
	config_finish(&c);
	str_finish(&report.text);
}

static void a_file_with_everything_is_understood(void **state)
{
	static const char text[] =
			"broker mqtts://g@[::1]:1\ntls_use_os_certs true\nbroker unix:/run/b\n"
			"client_id gw-2\nstate_dir /s\njournal_max_size 1M\n"
			"receive_maximum 10\nlog_dest file /var/log/g\nlog_type error\n"
			"log_type debug\nlog_timestamp false\n"
			"output a command_file\npath /a\ndelivery pipe\nmax_output 1k\n"
			"output b command_file\npath /b\nbatch_dir /tmp\nbatch_results 5\n"
			"route x/+ y/#  # two\nto a b\nto a\ndecode check text\n"
			"host pre-${topic[0]}\nservice ${json.service}\n"
			"route #\nto b\n";
	struct settings_report report = { 0 };
	struct config c = { 0 };

	(void)state;
	assert_true(config_parse(&c, span_of_text(text), "f", &report));
	assert_int_equal(c.broker_count, 2);
	assert_true(c.brokers[0].url.scheme->tls);
	assert_int_equal(c.log.types, LOG_TYPE_ERROR | LOG_TYPE_DEBUG);
	assert_string_equal(c.log.file, "/var/log/g");
	assert_int_equal(command_file(&c, 0)->delivery, DELIVERY_PIPE);
	assert_int_equal(c.outputs[0]->max_output, 1024);
	assert_int_equal(c.outputs[1]->batch_results, 5);
	assert_int_equal(c.routes[0].filters.count, 2);
	assert_int_equal(c.routes[0].output_count, 2);
	assert_int_equal(c.routes[0].formats, DECODE_JSON | DECODE_TEXT);
	assert_true(c.routes[0].service.from_payload);
	assert_string_equal(c.routes[1].filters.texts[0], "#");
	config_finish(&c);
	str_finish(&report.text);
}

static void a_submit_block_becomes_a_rule(void **state)
{
	static const char text[] = HEAD OUTPUT ROUTE
			"submit web-team\nuser web-* admin  # and\nuser third\nclient agent-?\n"
			"address 10.1.0.0/16 ::1\nhosts web* db1\nservices Disk* -\n"
			"results service command\n"
			"submit all\n";
	struct settings_report report = { 0 };
	struct config c = { 0 };

	(void)state;
	assert_true(config_parse(&c, span_of_text(text), "f", &report));
	assert_int_equal(c.submit_count, 2);
	assert_string_equal(c.submits[0].name, "web-team");
	assert_int_equal(c.submits[0].users.count, 3);
	assert_string_equal(c.submits[0].users.texts[2], "third");
	assert_int_equal(c.submits[0].clients.count, 1);
	assert_int_equal(c.submits[0].address_count, 2);
	assert_int_equal(c.submits[0].hosts.count, 2);
	assert_int_equal(c.submits[0].services.count, 2);
	assert_int_equal(c.submits[0].kinds, SUBMIT_SERVICE | SUBMIT_COMMAND);
	assert_int_equal(c.submits[1].users.count, 0);
	config_finish(&c);
	str_finish(&report.text);
}

static void mistakes_are_named_with_their_place_and_remedy(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "", "'broker': is missing" },
		{ "", "'state_dir': is missing" },
		{ HEAD, "f: 'output': there is none; add a block" },
		{ HEAD OUTPUT, "f: 'route': there is none" },
		{ HEAD OUTPUT, "f:3: 'nagios': no route leads to this output" },
		{ HEAD OUTPUT "route nagios/#\nto nagois\n",
				"f:6: 'nagois': is no output; did you mean 'nagios'?" },
		{ HEAD OUTPUT "route nagios/#\nto zzzzzz\n",
				"f:6: 'zzzzzz': is no output; add a block: output zzzzzz" },
		{ HEAD OUTPUT "route nagios/#\n", "f:5: 'to': is missing from this route" },
		{ HEAD OUTPUT ROUTE "route\nto nagios\n", "f:7: 'route': names no topic filter" },
		{ HEAD OUTPUT "route a#\nto nagios\n", "f:5: 'a#': is no topic filter" },
		{ HEAD "output x icinga3\nroute #\nto x\n",
				"f:3: 'icinga3': is no type of output; did you mean 'icinga2'?" },
		{ HEAD "output x zzz\nroute #\nto x\n",
				"f:3: 'zzz': is no type of output; built in are: command_file" },
		{ HEAD "output x\n", "f:3: '': is no type of output" },
		{ HEAD "output a/b command_file\n", "f:3: 'a/b': is no name for an output" },
		{ HEAD OUTPUT OUTPUT ROUTE, "f:5: 'nagios': is the name of the output on line 3" },
		{ HEAD "output nagios command_file\n" ROUTE, "f:3: 'path': is missing" },
		{ HEAD "output nagios command_file\npath x\n" ROUTE,
				"f:3: 'nagios': path x is not" },
		{ HEAD OUTPUT "batch_dir /a;b\n" ROUTE, "f:3: 'nagios': batch_dir holds a ;" },
		{ HEAD OUTPUT "objects x\n" ROUTE, "f:3: 'nagios': objects x is not absolute" },
		{ HEAD "pending_limit 0\n" OUTPUT ROUTE, "f:3: 'pending_limit': " },
		{ HEAD OUTPUT "delivery maybe\n" ROUTE, "f:5: 'delivery': " },
		{ HEAD OUTPUT ROUTE "decode xml\n", "f:7: 'xml': is no way to decode" },
		{ HEAD OUTPUT ROUTE "decode none\n",
				"f:7: 'decode none': leaves nothing for output nagios, as a "
				"command_file takes check results only; take decode check" },
		{ HEAD OUTPUT "route #\nto nagios by host\ndecode none\n",
				"f:6: 'by host': needs to know the host" },
		{ HEAD OUTPUT ROUTE "decode none\ncommands comment\n",
				"f:8: 'commands': are not found by decode none" },
		{ HEAD OUTPUT ROUTE "decode check none\n", "f:7: 'check none': is no way" },
		{ HEAD OUTPUT ROUTE "host ${topic}\n", "f:7: '${topic}': there is no ${topic}" },
		{ HEAD OUTPUT ROUTE "hots x\n", "f:7: 'hots': unknown keyword; did you mean" },
		{ "broker http://x\nstate_dir /s\n" OUTPUT ROUTE,
				"f:1: 'http://x': does not start" },
		{ TLS OUTPUT ROUTE, "f:1: 'cafile': is missing" },
		{ TLS "cafile /nonexistent/ca\n" OUTPUT ROUTE,
				"f:3: '/nonexistent/ca': cannot be read: No such" },
		{ "cafile /nonexistent/ca\n" TLS OUTPUT ROUTE,
				"f:1: '/nonexistent/ca': cannot be read: No such" },
		{ TLS "cafile /dev/null\n" OUTPUT ROUTE,
				"f:3: '/dev/null': there is no certificate in it" },
		{ TLS "psk_file /nonexistent/x\n" OUTPUT ROUTE, "f:3: '/nonexistent/x': No such" },
		{ TLS "tls_use_os_certs true\npsk_file /x\n" OUTPUT ROUTE,
				"f:4: 'psk_file': is in place of certificates" },
		{ TLS "tls_use_os_certs true\npsk_identity x\n" OUTPUT ROUTE,
				"f:4: 'psk_identity': needs a psk_file" },
		{ TLS "tls_version tlsv1.1\n" OUTPUT ROUTE, "f:3: 'tls_version': " },
		{ HEAD "cafile /x\n" OUTPUT ROUTE,
				"f:3: 'cafile': stands below a broker without TLS" },
		{ HEAD "share a/b\n" OUTPUT ROUTE, "f:3: 'share': becomes a level" },
		{ "broker mqtt://x\nstate_dir s\n" OUTPUT ROUTE,
				"f:2: 'state_dir': is not absolute" },
		{ HEAD "client_id a/b\n" OUTPUT ROUTE, "f:3: 'client_id': becomes a level" },
		{ TLS "tls_use_os_certs yes\ncertfile /x\n" OUTPUT ROUTE,
				"f:4: 'keyfile': is missing" },
		{ HEAD "log_dest file x/y\n" OUTPUT ROUTE, "f:3: 'log_dest': takes stderr" },
		{ HEAD "log_dest nowhere\n" OUTPUT ROUTE, "f:3: 'log_dest': takes stderr" },
		{ HEAD "password x\n" OUTPUT ROUTE, "f:3: 'password': would stand here for all" },
		{ HEAD "password_file /nonexistent/x\n" OUTPUT ROUTE,
				"f:3: '/nonexistent/x': No such" },
		{ HEAD OUTPUT ROUTE "submit\n", "f:7: '': is no name for a rule" },
		{ HEAD OUTPUT ROUTE "submit a/b\n", "f:7: 'a/b': is no name for a rule" },
		{ HEAD OUTPUT ROUTE "submit x\naddress ::1 10.0.0.0/33\n",
				"f:8: '10.0.0.0/33': is no address and no network" },
		{ HEAD OUTPUT ROUTE "submit x\nresults service hosts\n",
				"f:8: 'hosts': is nothing that can be submitted; take service" },
		{ HEAD OUTPUT ROUTE "submit x\nusers a\n",
				"f:8: 'users': unknown keyword; did you mean 'user'" },
		{ HEAD "receive_maximum 0\n" OUTPUT ROUTE, "f:3: 'receive_maximum': " },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct settings_report report = { 0 };
		struct config c = { 0 };

		assert_false(config_parse(&c, span_of_text(cases[i].text), "f", &report));
		if (strstr(str_text(&report.text), cases[i].error) == NULL)
			fail_msg("case %zu: expected \"%s\", got:\n%s", i, cases[i].error,
					str_text(&report.text));
		config_finish(&c);
		str_finish(&report.text);
	}
}

static void all_mistakes_are_collected(void **state)
{
	struct settings_report report = { 0 };
	struct config c = { 0 };

	(void)state;
	assert_false(config_parse(&c,
			span_of_text("broker x\nkeepalive 1\nstate_dir s\noutput a command_file\n"
				     "route +x\nto b c\nhost ${\n"),
			"f", &report));
	assert_in_range(report.errors, 8, 12);
	config_finish(&c);
	str_finish(&report.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_file_is_enough),
		cmocka_unit_test(a_file_with_everything_is_understood),
		cmocka_unit_test(a_submit_block_becomes_a_rule),
		cmocka_unit_test(mistakes_are_named_with_their_place_and_remedy),
		cmocka_unit_test(all_mistakes_are_collected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
