/* SPDX-License-Identifier: MIT */
/*
 * An event broker module for Nagios Core 4 that appends one line to a file for every check result
 * the core has applied and for every external command it has taken up:
 *
 *     service \t host \t service \t state \t output \t long output \t perfdata \t time \n
 *     host    \t host \t         \t state \t output \t long output \t perfdata \t time \n
 *     command \t name \t arguments \n
 *
 * A tab, newline or backslash inside a field is written as \t, \n or \\. A line is one write() at
 * the moment of the event, so what the file holds after a `kill -9` of the core is what the core
 * had applied. nagios.log cannot serve: its lines show the state before the result.
 *
 * nagios.cfg: event_broker_options=-1, broker_module=PATH/neblog.so FILE
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

/* From the core's published module interface, version 4. No package carries its headers. */
enum {
	CALLBACK_SERVICE_CHECK = 6,
	CALLBACK_HOST_CHECK = 7,
	CALLBACK_EXTERNAL_COMMAND = 17,
	SERVICE_CHECK_PROCESSED = 701,
	HOST_CHECK_PROCESSED = 801,
	EXTERNAL_COMMAND_START = 1400,
};

struct event {
	int type, flags, attributes;
	struct timeval timestamp;
};

struct check_outcome {
	char *command_name, *command_args, *command_line;
	struct timeval start, end;
	int early_timeout;
	double execution_time, latency;
	int return_code;
	char *output, *long_output, *perfdata;
};

struct service_check {
	struct event event;
	char *host, *service;
	int check_type, attempt, max_attempts, state_type, state, timeout;
	struct check_outcome outcome;
};

struct host_check {
	struct event event;
	char *host;
	int attempt, check_type, max_attempts, state_type, state, timeout;
	struct check_outcome outcome;
};

struct external_command {
	struct event event;
	int number;
	time_t entered;
	char *name, *args;
};

int __neb_api_version = 4;

int neb_register_callback(int type, void *handle, int priority, int (*callback)(int, void *));
int nebmodule_init(int flags, char *args, void *handle);
int nebmodule_deinit(int flags, int reason);

static int log_fd = -1;
static char line[4 << 20];
static size_t length;

static void put_char(char c)
{
	if (length < sizeof line - 1)
		line[length++] = c;
}

static void put_field(const char *text)
{
	for (; text && *text; text++) {
		const char *special = "\t\n\\", *letter = "tn\\";

		for (; *special && *special != *text; special++)
			letter++;
		if (*special)
			put_char('\\');
		put_char(*special ? *letter : *text);
	}
	put_char('\t');
}

static void put_number(long number)
{
	char text[24];

	snprintf(text, sizeof text, "%ld", number);
	put_field(text);
}

static void put_outcome(int state, const struct check_outcome *o)
{
	put_number(state);
	put_field(o->output);
	put_field(o->long_output);
	put_field(o->perfdata);
	put_number(o->start.tv_sec);
}

static void end_line(void)
{
	line[length - 1] = '\n'; /* in place of the last field's tab */
	if (write(log_fd, line, length) < 0)
		perror("neblog");
	length = 0;
}

static int on_event(int kind, void *data)
{
	const struct event *event = data;

	if (kind == CALLBACK_SERVICE_CHECK && event->type == SERVICE_CHECK_PROCESSED) {
		const struct service_check *check = data;

		put_field("service");
		put_field(check->host);
		put_field(check->service);
		put_outcome(check->state, &check->outcome);
		end_line();
	} else if (kind == CALLBACK_HOST_CHECK && event->type == HOST_CHECK_PROCESSED) {
		const struct host_check *check = data;

		put_field("host");
		put_field(check->host);
		put_field("");
		put_outcome(check->state, &check->outcome);
		end_line();
	} else if (kind == CALLBACK_EXTERNAL_COMMAND && event->type == EXTERNAL_COMMAND_START) {
		const struct external_command *command = data;

		put_field("command");
		put_field(command->name);
		put_field(command->args);
		end_line();
	}
	return 0;
}

int nebmodule_init(int flags, char *args, void *handle)
{
	(void)flags;
	log_fd = open(args, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (log_fd < 0)
		return -1;
	neb_register_callback(CALLBACK_SERVICE_CHECK, handle, 0, on_event);
	neb_register_callback(CALLBACK_HOST_CHECK, handle, 0, on_event);
	neb_register_callback(CALLBACK_EXTERNAL_COMMAND, handle, 0, on_event);
	return 0;
}

int nebmodule_deinit(int flags, int reason)
{
	(void)flags;
	(void)reason;
	return close(log_fd);
}
