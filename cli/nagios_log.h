/* SPDX-License-Identifier: MIT */
/*
 * Following nagios.log to see the moment at which Nagios applies a result.
 *
 * With log_external_commands and log_passive_checks, Nagios writes two lines for a result:
 *
 *     [..] EXTERNAL COMMAND: PROCESS_SERVICE_CHECK_RESULT;web1;Disk;2;disk full    what came
 *     [..] PASSIVE SERVICE CHECK: web1;Disk;0;...            it is set now, and what it was
 *
 * The second one is written by the function that sets the state, just before it does, so its
 * arrival in the file is the moment of applying, but for microseconds. The time stamps in the log
 * are whole seconds and of no use; the caller takes the time when inotify wakes it. Instead of
 * the second line comes a warning when Nagios knows no such host or service.
 */
#ifndef CLI_NAGIOS_LOG_H
#define CLI_NAGIOS_LOG_H

#include "common/str.h"

enum nagios_event { NAGIOS_APPLIED, NAGIOS_UNKNOWN_OBJECT };

struct nagios_applied {
	enum nagios_event event;
	struct span host, service; /* service is empty for the host itself */
	unsigned code;		   /* as the core was given it */
	struct span output;	   /* the first line, without perfdata */
};

struct nagios_log {
	int notify; /* readable when the log has grown; -1: not open */
	int file;
	struct str text;    /* what is not a whole line yet */
	struct str command; /* the last EXTERNAL COMMAND with a result, without its name */
	bool is_service;
};

/* Returns 0 or -errno. The log has to exist. */
int nagios_log_open(struct nagios_log *log, const char *path);
void nagios_log_close(struct nagios_log *log);

/* Call for what is new in the log; `notify` is quiet afterwards. */
void nagios_log_read(struct nagios_log *log,
		void (*call)(void *owner, const struct nagios_applied *applied), void *owner);

/* One line without its newline; true when *ret was filled. For nagios_log_read() and tests. */
bool nagios_log_line(struct nagios_log *log, struct span line, struct nagios_applied *ret);

#endif
