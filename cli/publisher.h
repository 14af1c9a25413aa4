/* SPDX-License-Identifier: MIT */
/*
 * Publishing with QoS 1 and waiting for what the broker says about each message. What is not
 * acknowledged when the connection ends is reported as lost.
 */
#ifndef CLI_PUBLISHER_H
#define CLI_PUBLISHER_H

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

#endif
