/* SPDX-License-Identifier: MIT */
#include "broker/bridge_plan.h"

#include <stdio.h>
#include <sys/stat.h>

#include "broker/config_tables.h"
#include "common/log.h"
#include "common/mem.h"
#include "tests/unit/pki.h"

static struct pki pki;
static char log_path[] = "/tmp/belfry-plan-XXXXXX";
static struct config *config;
static struct settings_report report;
static struct bridge_plan *plan;

static void forget(void)
{
	bridge_plan_destroy(plan);
	plan = NULL;
	config_destroy(config);
	config = NULL;
	str_finish(&report.text);
	report = (struct settings_report){ 0 };
}

static int end(void **unused)
{
	(void)unused;
	forget();
	return 0;
}

/* The plan of a `connection b` with these lines, the first of which is the second of the file. */
static const struct bridge_plan *plan_of(const char *lines)
{
	struct settings_grammar grammar;
	struct str text = { 0 };

	forget();
	config = config_create();
	settings_init(config_global_settings, config);
	grammar = config_grammar(config);
	str_printf(&text, "connection b\n%s", lines);
	assert_true(settings_parse(str_span(&text), "f", &grammar, config, &report));
	str_finish(&text);
	plan = bridge_plan_create(config->bridges[0], &report);
	return plan;
}

static void assert_refused(const char *lines, const char *error)
{
	assert_null(plan_of(lines));
	assert_string_equal(str_text(&report.text), error);
}

/* --- names ---------------------------------------------------------------------------------- */

static void names_that_are_not_given_come_from_the_connection_and_the_host(void **unused)
{
	char host[256] = "", name[300];

	(void)unused;
	gethostname(host, sizeof(host) - 1);
	assert_non_null(plan_of("address h"));
	assert_string_equal(plan->name, "b");
	snprintf(name, sizeof(name), "b.%s", host);
	assert_string_equal(plan->remote_client_id, name);
	snprintf(name, sizeof(name), "local.b.%s", host);
	assert_string_equal(plan->local_client_id, name);
	snprintf(name, sizeof(name), "$SYS/broker/connection/b.%s/state", host);
	assert_string_equal(plan->notification_topic, name);
	assert_null(plan->remote_username);
	assert_null(plan->remote_password);
	assert_null(plan->local_username);
	assert_null(plan->bind_address);
}

static void names_that_are_given_are_taken(void **unused)
{
	const struct bridge_options *core;

	(void)unused;
	assert_non_null(plan_of("address h\nremote_clientid r\nremote_username u\n"
				"remote_password p\nlocal_username l\nbridge_bind_address ::1\n"));
	core = &plan->options.core;
	assert_string_equal(core->name, "b");
	assert_string_equal(core->remote_client_id, "r");
	assert_string_equal(core->local_client_id, "local.r");
	assert_string_equal(core->remote_username, "u");
	assert_string_equal(core->remote_password, "p");
	assert_string_equal(core->local_username, "l");
	assert_string_equal(core->notification_topic, "$SYS/broker/connection/r/state");
	assert_string_equal(plan->options.bind_address, "::1");
	assert_non_null(plan_of("address h\nremote_clientid r\nlocal_clientid own\n"
				"notification_topic at/work\nnotifications_local_only true\n"));
	assert_string_equal(plan->options.core.local_client_id, "own");
	assert_string_equal(plan->options.core.notification_topic, "at/work");
	assert_true(plan->options.core.notifies_local_only);
}

static void state_needs_a_topic_that_can_be_published_on(void **unused)
{
	(void)unused;
	assert_refused("address h\nnotification_topic a/+\n",
			"f:3: 'a/+': is no topic that the state can be published on; set a "
			"notification_topic without wildcards\n");
	assert_refused("address h\nremote_clientid a#b\n",
			"f:1: '$SYS/broker/connection/a#b/state': is no topic that the state can "
			"be published on; set a notification_topic without wildcards\n");
	assert_non_null(plan_of("address h\nremote_clientid a#b\nnotifications false\n"));
	assert_null(plan->options.core.notification_topic);
}

/* --- addresses and topics ------------------------------------------------------------------- */

static void addresses_are_hosts_with_ports(void **unused)
{
	static const struct {
		const char *host;
		uint16_t port;
	} wanted[] = { { "h.example", 1883 }, { "h", 1 }, { "192.0.2.1", 65535 }, { "::1", 1884 },
		{ "::1", 1885 }, { "fe80::2", 1883 } };

	(void)unused;
	assert_non_null(plan_of("addresses h.example h:1 192.0.2.1:65535 ::1:1884  [::1]:1885 "
				"[fe80::2]"));
	assert_int_equal(plan->options.address_count, array_size(wanted));
	for (size_t i = 0; i < array_size(wanted); i++) {
		assert_string_equal(plan->options.addresses[i].host, wanted[i].host);
		assert_int_equal(plan->options.addresses[i].port, wanted[i].port);
		assert_null(plan->options.addresses[i].tls);
	}
}

static void every_address_that_is_none_is_named(void **unused)
{
	static const char *const bad[] = { "h:0", "h:65536", "h:99999999999999999999", "h:x",
		"h:", ":1883", "h:-1" };

	(void)unused;
	for (size_t i = 0; i < array_size(bad); i++) {
		char lines[128], error[256];

		snprintf(lines, sizeof(lines), "start_type once\naddress a %s b:1 h:70000", bad[i]);
		snprintf(error, sizeof(error),
				"f:3: '%s': is no address; write HOST or HOST:PORT\n"
				"f:3: 'h:70000': is no address; write HOST or HOST:PORT\n",
				bad[i]);
		assert_refused(lines, error);
	}
}

static void topics_are_taken_in_order_and_named_by_their_lines(void **unused)
{
	(void)unused;
	assert_non_null(plan_of("address h\ntopic a/# out 1\ntopic b in 2 l/ r/\n"));
	assert_int_equal(plan->topics.count, 2);
	assert_int_equal(plan->topics.topics[0].direction, BRIDGE_OUT);
	assert_string_equal(plan->topics.topics[0].local_filter, "a/#");
	assert_int_equal(plan->topics.topics[1].direction, BRIDGE_IN);
	assert_string_equal(plan->topics.topics[1].remote_filter, "r/b");
	assert_ptr_equal(plan->options.core.topics, &plan->topics);
	assert_null(plan_of("topic a out\naddress h\ntopic b aside\n"));
	assert_int_equal(report.errors, 1);
	assert_memory_equal(str_text(&report.text), "f:4: 'aside'", 12);
}

/* --- times and what else --------------------------------------------------------------------- */

static void restart_is_one_time_or_two(void **unused)
{
	static const struct {
		const char *lines;
		int64_t base, cap;
	} cases[] = { { "address h", 5, 30 }, { "address h\nrestart_timeout 7", 7, 7 },
		{ "address h\nrestart_timeout 1  86400", 1, 86400 },
		{ "address h\nrestart_timeout 4 4", 4, 4 } };
	static const char *const bad[] = { "0", "x", "1x", "5 4", "5 0", "1 2 3", "86401",
		"1 86401", "99999999999999999999" };

	(void)unused;
	for (size_t i = 0; i < array_size(cases); i++) {
		assert_non_null(plan_of(cases[i].lines));
		assert_int_equal(plan->options.restart.base.ns, seconds(cases[i].base).ns);
		assert_int_equal(plan->options.restart.cap.ns, seconds(cases[i].cap).ns);
	}
	for (size_t i = 0; i < array_size(bad); i++) {
		char lines[128], error[256];

		snprintf(lines, sizeof(lines), "address h\nrestart_timeout %s", bad[i]);
		snprintf(error, sizeof(error),
				"f:3: '%s': is no time between attempts; write one number of "
				"seconds, or two: BASE CAP, from 1 to 86400\n",
				bad[i]);
		assert_refused(lines, error);
	}
}

static void defaults_are_mosquittos(void **unused)
{
	const struct bridge_options *core;

	(void)unused;
	assert_non_null(plan_of("address h"));
	core = &plan->options.core;
	assert_int_equal(core->version, MQTT_3_1_1);
	assert_false(core->clean_start || core->local_clean_start || core->is_lazy);
	assert_true(core->try_private && core->attempt_unsubscribe && core->outgoing_retain);
	assert_int_equal(core->keep_alive, 60);
	assert_int_equal(core->max_packet_size, 0);
	assert_int_equal(core->receive_maximum, 0);
	assert_int_equal(core->session_expiry, 0);
	assert_false(plan->options.round_robin);
	assert_int_equal(plan->options.start, START_AUTOMATIC);
	assert_int_equal(plan->options.idle_timeout.ns, seconds(60).ns);
	assert_int_equal(plan->options.tcp_user_timeout, 0);
	assert_true(plan->policy->allow_anonymous);
	assert_int_equal(plan->policy->max_topic_alias, 10);
}

static void every_setting_arrives(void **unused)
{
	const struct bridge_options *core;

	(void)unused;
	assert_non_null(plan_of("address h\nbridge_protocol_version mqttv50\ncleansession true\n"
				"start_type lazy\nthreshold 4\nidle_timeout 9\ntry_private false\n"
				"bridge_attempt_unsubscribe false\nbridge_outgoing_retain false\n"
				"keepalive_interval 8\nbridge_max_packet_size 3000\n"
				"bridge_receive_maximum 11\nbridge_session_expiry_interval 12\n"
				"bridge_max_topic_alias 13\nround_robin true\n"
				"bridge_tcp_user_timeout 14\n"));
	core = &plan->options.core;
	assert_int_equal(core->version, MQTT_5);
	assert_true(core->clean_start && core->is_lazy);
	assert_int_equal(core->threshold, 4);
	assert_false(core->try_private || core->attempt_unsubscribe || core->outgoing_retain);
	assert_int_equal(core->keep_alive, 8);
	assert_int_equal(core->max_packet_size, 3000);
	assert_int_equal(core->receive_maximum, 11);
	assert_int_equal(core->session_expiry, 12);
	assert_int_equal(plan->policy->max_topic_alias, 13);
	assert_true(plan->options.round_robin);
	assert_int_equal(plan->options.start, START_LAZY);
	assert_int_equal(plan->options.idle_timeout.ns, seconds(9).ns);
	assert_int_equal(plan->options.tcp_user_timeout, 14);
}

static void session_here_is_as_clean_as_the_one_there_unless_it_is_said(void **unused)
{
	(void)unused;
	assert_non_null(plan_of("address h\ncleansession true"));
	assert_true(plan->options.core.local_clean_start);
	assert_non_null(plan_of("address h\ncleansession true\nlocal_cleansession false"));
	assert_false(plan->options.core.local_clean_start);
	assert_non_null(plan_of("address h\nlocal_cleansession true"));
	assert_true(plan->options.core.local_clean_start && !plan->options.core.clean_start);
	/* It would never start. */
	assert_non_null(plan_of("address h\nlocal_cleansession true\nstart_type lazy"));
	assert_false(plan->options.core.local_clean_start);
}

/* --- TLS ------------------------------------------------------------------------------------ */

static const char *with_pki(const char *lines)
{
	static char text[1024];

	snprintf(text, sizeof(text), "%s\nbridge_cafile %s/ca.crt\n", lines, pki.folder);
	return text;
}

static void every_address_has_a_context_of_its_own(void **unused)
{
	(void)unused;
	assert_non_null(plan_of(with_pki("address a b:8883")));
	assert_non_null(plan->options.addresses[0].tls);
	assert_non_null(plan->options.addresses[1].tls);
	assert_ptr_not_equal(plan->options.addresses[0].tls, plan->options.addresses[1].tls);
	assert_false(tls_context_is_server(plan->options.addresses[0].tls));
}

static void file_that_is_wrong_is_told_once(void **unused)
{
	(void)unused;
	assert_refused("address a b\nbridge_cafile /nowhere",
			"f:1: 'b': bridge_cafile /nowhere: cannot be read: No such file or "
			"directory\n");
}

static void what_should_be_mended_is_logged_once_line_by_line(void **unused)
{
	struct log_config to_file = {
		.program = "test", .destinations = LOG_TO_FILE, .file = log_path
	};
	struct log_config quiet = { .program = "test", .destinations = LOG_TO_NONE };
	char lines[512], said[4096] = "";
	FILE *file;

	(void)unused;
	pki_issue(&pki, "bridge");
	assert_int_equal(chmod(pki_path(&pki, "bridge.key"), 0644), 0);
	snprintf(lines, sizeof(lines),
			"address a b\nbridge_certfile %s/bridge.crt\n"
			"bridge_keyfile %s/bridge.key",
			pki.folder, pki.folder);
	to_file.types = LOG_TYPES_ALL;
	assert_int_equal(log_open(&to_file), 0);
	assert_non_null(plan_of(with_pki(lines)));
	assert_int_equal(log_open(&quiet), 0);
	file = fopen(log_path, "r");
	said[fread(said, 1, sizeof(said) - 1, file)] = '\0';
	fclose(file);
	assert_memory_equal(said, "warning: connection b: bridge_keyfile ", 38);
	assert_non_null(strstr(said, "\nwarning: connection b: bridge_certfile "));
	assert_null(strstr(strstr(said, "bridge_keyfile") + 1, "bridge_keyfile"));
}

static void key_is_pairs_of_hexadecimal_digits(void **unused)
{
	static const char *const bad[] = { "0", "0g", "123", "0x12" };
	char lines[2048];

	(void)unused;
	assert_non_null(plan_of("address h\nbridge_identity i\nbridge_psk 00aAfF"));
	assert_non_null(plan->options.addresses[0].tls);
	for (size_t i = 0; i < array_size(bad); i++) {
		snprintf(lines, sizeof(lines), "address h\nbridge_identity i\nbridge_psk %s",
				bad[i]);
		assert_refused(lines, "f:4: 'bridge_psk': is no key: it has pairs of hexadecimal "
				      "digits, of 1 to 512 bytes\n");
	}
}

/* --- reload --------------------------------------------------------------------------------- */

static void renewal_takes_policy_and_contexts(void **unused)
{
	struct bridge_plan *old;
	struct tls_context *contexts[2];
	struct policy *policy;

	(void)unused;
	assert_non_null(plan_of(with_pki("address a b")));
	old = plan;
	plan = NULL;
	assert_non_null(plan_of(with_pki("address a b")));
	policy = plan->policy;
	for (size_t i = 0; i < 2; i++)
		contexts[i] = plan->addresses[i].tls;
	bridge_plan_renew(old, plan);
	assert_ptr_equal(old->policy, policy);
	for (size_t i = 0; i < 2; i++) {
		assert_ptr_equal(old->addresses[i].tls, contexts[i]);
		assert_ptr_not_equal(plan->addresses[i].tls, contexts[i]);
	}
	bridge_plan_destroy(old);
}

static int open_all(void **unused)
{
	(void)unused;
	pki_open(&pki);
	close(mkstemp(log_path));
	return 0;
}

static int close_all(void **unused)
{
	(void)unused;
	pki_close(&pki);
	unlink(log_path);
	return 0;
}

#define test(t) cmocka_unit_test_teardown(t, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(names_that_are_not_given_come_from_the_connection_and_the_host),
		test(names_that_are_given_are_taken),
		test(state_needs_a_topic_that_can_be_published_on),
		test(addresses_are_hosts_with_ports),
		test(every_address_that_is_none_is_named),
		test(topics_are_taken_in_order_and_named_by_their_lines),
		test(restart_is_one_time_or_two),
		test(defaults_are_mosquittos),
		test(every_setting_arrives),
		test(session_here_is_as_clean_as_the_one_there_unless_it_is_said),
		test(every_address_has_a_context_of_its_own),
		test(file_that_is_wrong_is_told_once),
		test(what_should_be_mended_is_logged_once_line_by_line),
		test(key_is_pairs_of_hexadecimal_digits),
		test(renewal_takes_policy_and_contexts),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
