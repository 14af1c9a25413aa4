/* SPDX-License-Identifier: MIT */
/*
 * Publishing with QoS 1 and waiting for what the broker says about each message, over
 * libmosquitto. MQTT 5 is spoken when the broker does, because its acknowledgements carry
 * reasons; 3.1.1 otherwise.
 *
 * There is no reconnect: what is not acknowledged when the connection ends is reported as lost,
 * and whoever called belfry decides whether to repeat it.
 */
#ifndef CLI_PUBLISHER_H
#define CLI_PUBLISHER_H

#include "common/clock.h"
#include "common/str.h"
#include "common/url.h"

struct publisher;

/* All borrowed for the life of the publisher. */
struct publisher_config {
	const struct url *broker;
	const char *password; /* of the user in the URL; may be NULL */
	const char *cafile;   /* NULL: the authorities of the system */
	const char *certfile, *keyfile;
	struct duration timeout; /* for connecting, and for each wait without any answer */
};

enum publish_outcome {
	PUBLISH_DONE,	 /* the broker has taken it, and somebody is subscribed */
	PUBLISH_REFUSED, /* it has not, and will not when asked again */
	PUBLISH_LOST,	 /* nobody knows: no connection, or no answer in time */
};

/*
 * What became of the message with `tag`. Called from within publisher_send() and
 * publisher_wait(), once for each message. `sentence` says why it is not PUBLISH_DONE.
 */
typedef void publisher_report(
		void *owner, size_t tag, enum publish_outcome outcome, const char *sentence);

/* The schemes of url_parse() that a publisher can speak. */
extern const struct url_scheme publisher_schemes[];

/*
 * Connect. On failure returns NULL with the outcome in *ret and a sentence in *problem. Resolving
 * a name and reaching the address block inside libmosquitto, beyond config->timeout if need be.
 */
struct publisher *publisher_open(const struct publisher_config *config, publisher_report *report,
		void *owner, enum publish_outcome *ret, struct str *problem);

/* Disconnects; waits for nothing. Accepts NULL. */
void publisher_close(struct publisher *p);

/* Send one message. Waits only while many others are unanswered. */
void publisher_send(struct publisher *p, size_t tag, const char *topic, struct span payload);

/* Wait until every message sent has been reported. */
void publisher_wait(struct publisher *p);

#endif
