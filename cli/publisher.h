/* SPDX-License-Identifier: MIT */
/*
 * Publishing with QoS 1 and waiting for what the broker says about each message. What is not
 * acknowledged when the connection ends is reported as lost.
 */
#ifndef CLI_PUBLISHER_H
#define CLI_PUBLISHER_H

#include <cjson/cJSON.h>

#include "cli/link.h"

struct publisher;

/*
 * What became of the message with `tag`: it is ANSWER_DONE when the broker has taken it and
 * somebody is subscribed. Called from within publisher_send() and publisher_wait(), once for each
 * message. `sentence` says why it is not done.
 */
typedef void publisher_report(void *owner, size_t tag, enum answer answer, const char *sentence);

/* As link_open(). The configuration's timeout is also that of each wait without any answer. */
struct publisher *publisher_open(const struct link_config *config, publisher_report *report,
		void *owner, enum answer *ret, struct str *problem);

/* Disconnects; waits for nothing. Accepts NULL. */
void publisher_close(struct publisher *p);

/* Send one message. Waits only while many others are unanswered. */
void publisher_send(struct publisher *p, size_t tag, const char *topic, struct span payload);

/* Wait until every message sent has been reported. */
void publisher_wait(struct publisher *p);

/* A receipt of the gateway for the message with `tag`; called as a report is, any time. */
typedef void publisher_receipt(void *owner, size_t tag, const cJSON *receipt);

/*
 * Ask for receipts of all that is sent from now on; needs MQTT 5. `receipt` gets the owner of
 * publisher_open(). *problem says why it is not ANSWER_DONE.
 */
enum answer publisher_ask_receipts(
		struct publisher *p, publisher_receipt *receipt, struct str *problem);

/* Wait for receipts until *missing is 0; false when none came for the configuration's timeout. */
bool publisher_wait_receipts(struct publisher *p, const size_t *missing);

#endif
