/* SPDX-License-Identifier: MIT */
#include "broker/config.h"

#include <stdio.h>

#include "broker/io/http_api.h"
#include "tests/unit/unit.h"

static struct config config;
static int status;
static char said[65536]; /* on stdout and stderr */

/* Run config_load() with the arguments, the file's contents first where `text` is not NULL. */
static bool load(const char *text, const char *first, const char *second)
{
	char path[] = "/tmp/belfry-config-XXXXXX", capture[] = "/tmp/belfry-said-XXXXXX";
	char program[] = "belfry-broker", dash_c[] = "-c";
	char *argv[6] = { program };
	int argc = 1, out, saved[2];
	ssize_t n;
	bool go_on;

	config_finish(&config);
	if (text != NULL) {
		int fd = mkstemp(path);

		assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
		close(fd);
		argv[argc++] = dash_c;
		argv[argc++] = path;
	}
	if (first != NULL)
		argv[argc++] = (char *)(uintptr_t)first;
	if (second != NULL)
		argv[argc++] = (char *)(uintptr_t)second;
	out = mkstemp(capture);
	unlink(capture);
	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		saved[i] = dup(i + 1);
		dup2(out, i + 1);
	}
	go_on = config_load(&config, argc, argv, &status);
	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		dup2(saved[i], i + 1);
		close(saved[i]);
	}
	n = pread(out, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(out);
	config.file = NULL; /* `path` ends here */
	if (text != NULL)
		unlink(path);
	return go_on;
}

static int end(void **unused)
{
	(void)unused;
	config_finish(&config);
	return 0;
}

static void assert_said(const char *ending)
{
	const char *at = strchr(said, ':');

	assert_non_null(at);
	assert_string_equal(at, ending);
}

static void without_anything_it_serves_this_machine_on_1883(void **unused)
{
	(void)unused;
	assert_true(load(NULL, NULL, NULL));
	assert_true(config.is_local_only);
	assert_int_equal(config.first.port, 1883);
	assert_string_equal(said, "");
}

static void a_port_of_the_command_line_stays_on_this_machine(void **unused)
{
	(void)unused;
	assert_true(load(NULL, "-p", "11883"));
	assert_true(config.is_local_only);
	assert_int_equal(config.first.port, 11883);
	assert_true(load("port 1000", "-p", "2000")); /* the command line wins */
	assert_int_equal(config.first.port, 2000);
}

static void a_listener_lets_other_machines_in(void **unused)
{
	(void)unused;
	assert_true(load("listener 1884\nmax_connections 7\n\nlistener 0 127.0.0.1\n", NULL, NULL));
	assert_false(config.is_local_only);
	assert_int_equal(config.listener_count, 2);
	assert_int_equal(config.listeners[0]->port, 1884);
	assert_null(config.listeners[0]->address);
	assert_int_equal(config.listeners[0]->max_connections, 7);
	assert_int_equal(config.listeners[1]->port, 0);
	assert_string_equal(config.listeners[1]->address, "127.0.0.1");
	assert_int_equal(config.listeners[1]->max_connections, 0);
	assert_int_equal(config.security.allow_anonymous, ANONYMOUS_BY_LISTENERS);
	assert_true(load("port 1885\nallow_anonymous true", NULL, NULL));
	assert_false(config.is_local_only);
	assert_int_equal(config.security.allow_anonymous, ANONYMOUS_YES);
}

static void minus_one_is_no_limit_as_in_mosquitto_conf(void **unused)
{
	(void)unused;
	assert_true(load("max_connections -1\nglobal_max_connections -1\n", NULL, NULL));
	assert_int_equal(config.first.max_connections, 0);
	assert_int_equal(config.global_max_connections, 0);
	assert_false(load("max_inflight_messages -1", NULL, NULL));
}

static struct policy *policy_of(const struct listener_config *listener)
{
	return config_policy(&config, listener);
}

static void security_is_of_the_file_or_of_each_listener(void **unused)
{
	struct policy *policy;

	(void)unused;
	assert_true(load("listener 1884\nlistener 1885\nallow_anonymous true\n", NULL, NULL));
	policy = policy_of(config.listeners[0]);
	assert_true(policy->allow_anonymous);
	policy_unref(policy);

	assert_true(load("per_listener_settings true\nlistener 1884\nlistener 1885\n"
			 "allow_anonymous true\nauto_id_prefix x-\n",
			NULL, NULL));
	policy = policy_of(config.listeners[0]);
	assert_false(policy->allow_anonymous);
	assert_string_equal(policy->auto_id_prefix, "auto-");
	policy_unref(policy);
	policy = policy_of(config.listeners[1]);
	assert_true(policy->allow_anonymous);
	assert_string_equal(policy->auto_id_prefix, "x-");
	policy_unref(policy);
}

static void a_listener_may_differ_from_the_rest(void **unused)
{
	struct policy *policy;

	(void)unused;
	assert_true(load("allow_anonymous true\nlistener 1884\nlistener_allow_anonymous false\n"
			 "listener_auto_id_prefix y-\naccept_protocol_versions 4,5\nmax_qos 1\n"
			 "use_username_as_clientid true\nlistener 1885\n",
			NULL, NULL));
	policy = policy_of(config.listeners[0]);
	assert_false(policy->allow_anonymous);
	assert_string_equal(policy->auto_id_prefix, "y-");
	assert_int_equal(policy->versions, policy_version(MQTT_3_1_1) | policy_version(MQTT_5));
	assert_int_equal(policy->max_qos, 1);
	assert_true(policy->use_username_as_clientid);
	policy_unref(policy);
	policy = policy_of(config.listeners[1]);
	assert_true(policy->allow_anonymous);
	assert_int_equal(policy->max_qos, 2);
	policy_unref(policy);
	assert_false(load("listener 1884\nmount_point a/+/\n", NULL, NULL));
	assert_said(":2: 'mount_point': is no beginning of a topic; write text in UTF-8 without + "
		    "and #, as in: mount_point site1/\n");
	assert_false(load("listener 1884\naccept_protocol_versions 4;5\n", NULL, NULL));
	assert_said(":2: 'accept_protocol_versions': takes 3, 4 and 5, separated by commas\n");
}

static void what_serves_http_is_held_to_what_it_can(void **unused)
{
	(void)unused;
	if (!http_api_is_available())
		skip();
	assert_true(load(
			"listener 1883\nlistener 9101 127.0.0.1\nprotocol http_api\n", NULL, NULL));
	assert_int_equal(config.listeners[0]->protocol, PROTOCOL_MQTT);
	assert_int_equal(config.listeners[1]->protocol, PROTOCOL_HTTP_API);
	assert_false(load("listener 9101\nmax_qos 1\nprotocol http_api\n", NULL, NULL));
	assert_said(":2: 'max_qos': is not for a listener of protocol http_api, which has no TLS "
		    "and asks for no password; bind it to an address that only the monitoring "
		    "reaches\n");
	assert_false(load("per_listener_settings true\nlistener 9101\nprotocol http_api\n"
			  "allow_anonymous false\n",
			NULL, NULL));
	assert_non_null(strstr(said, ":4: 'allow_anonymous': is not for a listener of"));
	assert_false(load("port 9101\nprotocol http_api\nmax_connections 5\n", NULL, NULL));
	assert_non_null(strstr(said, ":3: 'max_connections': is not for a listener of"));
}

static void limits_have_mosquittos_defaults(void **unused)
{
	(void)unused;
	assert_true(load(NULL, NULL, NULL));
	assert_int_equal(config.limits.max_inflight_messages, 20);
	assert_int_equal(config.limits.max_queued_messages, 1000);
	assert_int_equal(config.limits.max_queued_bytes, 0);
	assert_int_equal(config.limits.max_keepalive, 65535);
	assert_int_equal(config.first.max_topic_alias, 10);
	assert_int_equal(config.first.max_qos, 2);
	assert_int_equal(config.limits.persistent_client_expiration, 0);
	assert_true(config.limits.retain_available);
	assert_true(config.security.allow_zero_length_clientid);
	assert_false(config.limits.queue_qos0_messages);
	assert_string_equal(config.security.auto_id_prefix, "auto-");
}

static void every_error_names_file_line_word_and_remedy(void **unused)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "port 0", ":1: 'port': '0' is not a number from 1 to 65535\n" },
		{ "\nport 65536", ":2: 'port': '65536' is not a number from 1 to 65535\n" },
		{ "listener", ":1: '': is not a port; write: listener PORT [ADDRESS], PORT from 0 "
			      "to "
			      "65535\n" },
		{ "listener 65536",
				":1: '65536': is not a port; write: listener PORT [ADDRESS], PORT "
				"from 0 to 65535\n" },
		{ "listener 1 a b", ":1: 'b': is too much; write: listener PORT [ADDRESS]\n" },
		{ "listener 1 /run/x", ":1: '1': is not the port of a Unix socket; write: "
				       "listener 0 /PATH\n" },
		{ "max_qos 1\nlistener 1883",
				":1: 'max_qos': stands before the first `listener`, where it is "
				"for the listener of `port`, and there is none; move it below "
				"a listener line\n" },
		{ "max_qos 3", ":1: 'max_qos': '3' is not a number from 0 to 2\n" },
		{ "max_packet_size 19",
				":1: 'max_packet_size': '19' is not a size in bytes (k, M, G "
				"allowed) from 20 to 268435455\n" },
		{ "retain_availible true", ":1: 'retain_availible': unknown keyword; did you mean "
					   "'retain_available'?\n" },
		{ "lisener 1883", ":1: 'lisener': unknown keyword; did you mean 'listener'?\n" },
		{ "plugin /etc/x", ":1: 'plugin': is known from mosquitto.conf and "
				   "not carried out by this version; "
				   "remove the line only if the site can do without it\n" },
		{ "allow_duplicate_messages true",
				":1: 'allow_duplicate_messages': true is not carried out: MQTT "
				"wants a message once; remove the line\n" },
		{ "persistence_sync often", ":1: 'persistence_sync': 'often' is not a time in "
					    "seconds (s, m, h, d, "
					    "w, y allowed) from 1 to 3600; or write: "
					    "persistence_sync commit\n" },
		{ "persistence_file db/belfry.db",
				":1: 'persistence_file': is a name, not a path; the folder is "
				"persistence_location\n" },
		{ "log_dest here", ":1: 'log_dest': takes stderr, stdout, syslog, topic, none, or: "
				   "file /PATH\n" },
		{ "log_dest file", ":1: 'log_dest': takes stderr, stdout, syslog, topic, none, or: "
				   "file "
				   "/PATH\n" },
		{ "log_dest file log/b", ":1: 'log_dest': takes stderr, stdout, syslog, topic, "
					 "none, or: file "
					 "/PATH\n" },
		{ "pid_file b.pid", ":1: 'pid_file': is not absolute; write the path from / on\n" },
		{ "log_dest file /a\nlog_dest file /b",
				":1: 'log_dest': is a second file; the log has one\n" },
		{ "log_type errors", ":1: 'log_type': 'errors' is not one of error warning notice "
				     "information subscribe unsubscribe debug all none\n" },
		{ "bind_address 1.2.3.4", ":1: 'bind_address': needs a port; write: listener PORT "
					  "ADDRESS\n" },
		{ "allow_anonymous maybe", ":1: 'allow_anonymous': 'maybe' is not one of true "
					   "false\n" },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		print_message("%s\n", rows[i].text);
		assert_false(load(rows[i].text, NULL, NULL));
		assert_int_equal(status, EXIT_CONFIG);
		assert_said(rows[i].error);
	}
}

/* Who mends one must not learn of the other only then. */
static void what_is_wrong_is_said_at_once(void **unused)
{
	(void)unused;
	assert_false(load("pid_file b.pid\nplugin /x\nlog_dest here", NULL, NULL));
	assert_non_null(strstr(said, ":1: 'pid_file': is not absolute"));
	assert_non_null(strstr(said, ":2: 'plugin': is known from mosquitto.conf"));
	assert_non_null(strstr(said, ":3: 'log_dest': takes stderr"));
	/* ... and a listener that could not be read is no reason to call its keywords astray. */
	assert_false(load("listener x\nmax_qos 1", NULL, NULL));
	assert_null(strstr(said, "max_qos"));
}

static void arguments_that_are_wrong_say_so(void **unused)
{
	(void)unused;
	assert_false(load(NULL, "-x", NULL));
	assert_string_equal(said, "command line: '-x': unknown argument; see --help\n");
	assert_int_equal(status, EXIT_CONFIG);
	assert_false(load(NULL, "-p", NULL));
	assert_string_equal(said, "command line: '-p': needs a value; see --help\n");
	assert_false(load(NULL, "-p", "0"));
	assert_string_equal(said, "command line: 'port': '0' is not a number from 1 to 65535\n");
	assert_false(load(NULL, "-c", "/nonexistent"));
	assert_string_equal(said,
			"/nonexistent: cannot be read: No such file or directory; check the "
			"path after -c\n");
}

static void a_configuration_may_be_tested(void **unused)
{
	(void)unused;
	assert_true(load("port 1883", "--test-config", NULL));
	assert_true(config.test);
	assert_false(load("prot 1883", "--test-config", NULL));
	assert_int_equal(status, EXIT_CONFIG);
}

static void help_and_version_exit_0(void **unused)
{
	(void)unused;
	assert_false(load(NULL, "--version", NULL));
	assert_int_equal(status, 0);
	assert_memory_equal(said, "belfry-broker ", 14);
	assert_false(load(NULL, "--help", NULL));
	assert_int_equal(status, 0);
	assert_non_null(strstr(
			said, "  max_queued_messages  (a number, 0 or more; default 1000)\n"));
	assert_non_null(strstr(said, "\nlistener PORT [ADDRESS]\n"));
}

static void what_is_refused_is_not_offered(void **unused)
{
	struct settings_grammar grammar = config_grammar(&config);

	(void)unused;
	load(NULL, "--help", NULL);
	for (const struct settings_refusal *r = grammar.refusals; r->keyword != NULL; r++) {
		char row[64];

		snprintf(row, sizeof(row), "\n  %s  (", r->keyword);
		assert_null(strstr(said, row));
	}
}

static void log_settings_reach_the_log(void **unused)
{
	struct log_config log;

	(void)unused;
	assert_true(load("log_dest file /tmp/x y\nlog_type error\nlog_type debug\nlog_timestamp "
			 "false",
			NULL, NULL));
	log = config_log(&config);
	assert_int_equal(log.destinations, LOG_TO_FILE);
	assert_string_equal(log.file, "/tmp/x y");
	assert_int_equal(log.types, LOG_TYPE_ERROR | LOG_TYPE_DEBUG);
	assert_false(log.timestamps);
	assert_true(load("log_type error", "-v", NULL));
	assert_int_equal(config_log(&config).types, LOG_TYPES_ALL);
	assert_true(load("log_type none", NULL, NULL));
	assert_int_equal(config_log(&config).types, 0);
	assert_true(load("log_dest stderr\nlog_dest topic\nlog_format json\nlog_facility 0\n"
			 "log_timestamp_format %H",
			NULL, NULL));
	log = config_log(&config);
	assert_int_equal(log.destinations, LOG_TO_STDERR | LOG_TO_TOPIC);
	assert_int_equal(log.format, LOG_FORMAT_JSON);
	assert_int_equal(log.facility, 0);
	assert_string_equal(log.timestamp_format, "%H");
	assert_true(load(NULL, "-d", NULL));
	assert_int_equal(config_log(&config).facility, -1);
	assert_int_equal(config_log(&config).destinations, LOG_TO_SYSLOG);
	assert_int_equal(config_log(&config).types, LOG_TYPES_DEFAULT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, end)
	const struct CMUnitTest tests[] = {
		TEST(without_anything_it_serves_this_machine_on_1883),
		TEST(a_port_of_the_command_line_stays_on_this_machine),
		TEST(a_listener_lets_other_machines_in),
		TEST(a_listener_may_differ_from_the_rest),
		TEST(security_is_of_the_file_or_of_each_listener),
		TEST(minus_one_is_no_limit_as_in_mosquitto_conf),
		TEST(what_serves_http_is_held_to_what_it_can),
		TEST(limits_have_mosquittos_defaults),
		TEST(every_error_names_file_line_word_and_remedy),
		TEST(what_is_wrong_is_said_at_once),
		TEST(arguments_that_are_wrong_say_so),
		TEST(a_configuration_may_be_tested),
		TEST(help_and_version_exit_0),
		TEST(what_is_refused_is_not_offered),
		TEST(log_settings_reach_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
