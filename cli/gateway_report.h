/* SPDX-License-Identifier: MIT */
/*
 * What a gateway retains on belfry/gateway/CLIENT_ID, read and judged: what is wrong with it, the
 * worst first, each with the remedy.
 */
#ifndef CLI_GATEWAY_REPORT_H
#define CLI_GATEWAY_REPORT_H

#include <cjson/cJSON.h>

#include "cli/retained_set.h"
#include "common/settings.h"

#define GATEWAY_STATUS_PREFIX "belfry/gateway/"

/* In the order of how bad they are. */
enum severity { SEVERITY_NONE, SEVERITY_WARNING, SEVERITY_UNKNOWN, SEVERITY_CRITICAL };

/* Where the line is drawn. 0: nowhere. Below are the options that draw it. */
struct report_limits {
	uint64_t lag_warning, lag_critical; /* seconds */
	/* Seconds; 0: three times what the gateway says it publishes every, 60 at least; where it
	   publishes only changes, any age. */
	uint64_t age;
	uint64_t journal_warning, journal_critical;	      /* percent */
	uint64_t rejects_warning, rejects_critical;	      /* a minute */
	uint64_t dead_letters_warning, dead_letters_critical; /* of an output, since its start */
};

/* clang-format off */
#define REPORT_LIMIT_ROWS(T, at) \
{ "lag-warning",    SETTING_DURATION, SETTING_FIELD(T, uint64_t, at lag_warning),       0, 31536000,   "60s", 0, \
  "WARNING when a result waits as long for an output; 0: never.", NULL }, \
{ "lag-critical",   SETTING_DURATION, SETTING_FIELD(T, uint64_t, at lag_critical),      0, 31536000,   "300s", 0, \
  "CRITICAL when a result waits as long for an output; 0: never.", NULL }, \
{ "age",            SETTING_DURATION, SETTING_FIELD(T, uint64_t, at age),               0, 31536000,   "0", 0, \
  "CRITICAL when the status is older. 0: three times the gateway's status_interval, 60 seconds at least.", NULL }, \
{ "journal-warning", SETTING_NUMBER,  SETTING_FIELD(T, uint64_t, at journal_warning),   0, 100,        "80", 0, \
  "WARNING when the journal is full to this percentage; 0: never.", NULL }, \
{ "journal-critical", SETTING_NUMBER, SETTING_FIELD(T, uint64_t, at journal_critical),  0, 100,        "95", 0, \
  "CRITICAL when the journal is full to this percentage; 0: never.", NULL }, \
{ "rejects-warning", SETTING_NUMBER,  SETTING_FIELD(T, uint64_t, at rejects_warning),   0, 1000000000, "0", 0, \
  "WARNING when as many results are refused a minute; 0: never.", NULL }, \
{ "rejects-critical", SETTING_NUMBER, SETTING_FIELD(T, uint64_t, at rejects_critical),  0, 1000000000, "0", 0, \
  "CRITICAL when as many results are refused a minute; 0: never.", NULL }, \
{ "dead-letters-warning", SETTING_NUMBER, SETTING_FIELD(T, uint64_t, at dead_letters_warning), 0, 1000000000, "0", 0, \
  "WARNING when an output has as many dead letters since the gateway's start or reload; 0: never.", NULL }, \
{ "dead-letters-critical", SETTING_NUMBER, SETTING_FIELD(T, uint64_t, at dead_letters_critical), 0, 1000000000, "0", 0, \
  "CRITICAL when an output has as many dead letters since the gateway's start or reload; 0: never.", NULL }
/* clang-format on */

/* What holds where nobody says otherwise: what the rows begin with. */
struct report_limits report_limits_default(void);

struct finding {
	enum severity severity;
	char *text; /* escaped */
};

struct gateway_report {
	cJSON *json;   /* an object; NULL: what is retained is none */
	char *name;    /* its client_id, escaped */
	char *state;   /* escaped; "?" when it does not say */
	double age;    /* seconds since it was published; negative: not known */
	double uptime; /* when it was published; negative: not known */
	struct finding *findings;
	size_t finding_count, finding_capacity;
};

void gateway_report_read(struct gateway_report *ret, const struct retained_message *message,
		struct wall_time now, const struct report_limits *limits);
void gateway_report_finish(struct gateway_report *r);

/* Of the worst finding. */
enum severity gateway_report_severity(const struct gateway_report *r);

/* The number of this name; 0 when there is none. */
double report_number(const cJSON *object, const char *name);
/* Seconds from the time of this name to `now`; negative when it does not say. */
double report_age(const cJSON *object, const char *name, struct wall_time now);
/* Append the text of this name, escaped; nothing when there is none. */
void report_text(const cJSON *object, const char *name, struct str *into);

#endif
