/* SPDX-License-Identifier: MIT */
/*
 * A conversation: what clients say to the broker and what they must hear.
 *
 *     limit max_inflight_messages 2       a setting of the broker, by mosquitto.conf's keyword
 *     anonymous no                        the listener lets nobody in without a name
 *     in-process only                     not against a real broker
 *     versions v3.1.1 v5                  once with each; a CONNECT that names none has that one
 *     acl topic read a/#                  a line of the broker's acl_file; "acl" alone: it is empty
 *
 *     client a   > CONNECT v5 id=a        client a sends; it is connected first if it is not
 *                < CONNACK reason=0       the next packet it receives is such a one
 *                <~ PUBLISH topic="x"     among the packets it has received is such a one
 *                < nothing                nothing has come, and the connection is open
 *                < closed                 the broker has closed the connection
 *                > raw 10 0c "MQTT"       bytes as they are
 *     client a   open                     connect and say nothing
 *     client a   drop                     the connection is lost
 *     at +10.5                            so many seconds later
 *     acl topic read b/#                  further down: a reload brings these lines instead
 *
 * A line without a client belongs to the last one that was named; "client" and "at" may stand
 * before what they are about, in one line. A packet that nobody waited for fails the script, at
 * the end at the latest.
 *
 * Where a script runs with several versions, v3: or v5: before a packet or a field is for the
 * versions before 5, or for 5:
 *
 *                > CONNECT id=a v5:session-expiry=100
 *                < v5: DISCONNECT reason=0x81
 *
 * Tags in comments, [v5 MQTT-3.3.1-4], name the statements that a script shows; they are held
 * against statements.tsv. Scripts in open/ show what the broker does not do yet; nothing runs them.
 */
#ifndef TESTS_CONVERSATIONS_SCRIPT_H
#define TESTS_CONVERSATIONS_SCRIPT_H

#include "common/str.h"

enum step_kind {
	STEP_SEND,
	STEP_EXPECT,
	STEP_EXPECT_AMONG,
	STEP_OPEN,
	STEP_DROP,
	STEP_WAIT,
	STEP_ACL
};

struct step {
	enum step_kind kind;
	unsigned line;
	unsigned client; /* index into the script's clients */
	int64_t wait_ns;
	char *text; /* owned; what follows > or <, or the lines of an acl_file */
};

enum { MAX_CLIENTS = 16, CLIENT_NAME = 32, MAX_LEVELS = 3 };

struct script {
	char *file; /* owned */
	char name[128];
	char clients[MAX_CLIENTS][CLIENT_NAME];
	unsigned client_count;
	struct step *steps;
	size_t count, capacity;
	struct str settings; /* lines of mosquitto.conf */
	struct str acl;	     /* lines of the acl_file */
	bool has_acl;
	bool is_anonymous;
	bool in_process_only;
	unsigned levels[MAX_LEVELS]; /* protocol levels that it runs with */
	unsigned level_count;	     /* 0: it does not say */
	unsigned level;		     /* the one of this run */
	int64_t waits_ns;
};

/*
 * Read a script for its run number `run`, counted from 0; there are script_runs(). False with
 * "file:line: ..." in *problem; script_finish() is due anyway.
 */
bool script_load(const char *file, unsigned run, struct script *ret, struct str *problem);
unsigned script_runs(const struct script *s);
void script_finish(struct script *s);

#endif
