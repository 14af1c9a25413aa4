/* SPDX-License-Identifier: MIT */
/*
 * A connection to a broker over libmosquitto, for one errand. MQTT 5 is spoken when the broker
 * does, because its acknowledgements carry reasons; 3.1.1 otherwise.
 *
 * There is no reconnect: whoever called belfry decides whether to try again.
 */
#ifndef CLI_LINK_H
#define CLI_LINK_H

#include "cli/answer.h"
#include "common/clock.h"
#include "common/mqtt_client.h"
#include "common/tls_failure.h"

struct link;

/* All borrowed for the life of the link. */
struct link_config {
	const struct url *broker;
	const char *password;	       /* of the user in the URL; may be NULL */
	struct tls_context *tls;       /* for a mqtts:// broker */
	const char *cafile, *certfile; /* what that was made from, for errors; may be NULL */
	const char *errand;	       /* the verb, as part of the client identifier */
	struct duration timeout;       /* for connecting */
};

/* Called from within link_turn(). Any may be NULL. */
struct link_events {
	void *owner;
	/* PUBACK. `properties` may be NULL. */
	void (*published)(void *owner, int packet, int code, const mosquitto_property *properties);
	/* SUBACK of one filter, or UNSUBACK (code 0). */
	void (*subscribed)(void *owner, int packet, int code);
	void (*received)(void *owner, struct span topic, struct span payload);
};

/* The schemes of url_parse() that a link can speak. */
extern const struct url_scheme link_schemes[];

/*
 * Connect. On failure returns NULL with the outcome in *ret and a sentence in *problem. Resolving
 * a name and reaching the address block inside libmosquitto, beyond config->timeout if need be.
 */
struct link *link_open(const struct link_config *config, const struct link_events *events,
		enum answer *ret, struct str *problem);

/* Disconnects; waits for nothing. Accepts NULL. */
void link_close(struct link *l);

/* One turn of libmosquitto's loop. False when the connection is over; link_problem() says why. */
bool link_turn(struct link *l, struct duration at_most);

/* Why the connection ended. Valid while the link is. */
const char *link_problem(const struct link *l);

/* Give the connection up for a reason of the caller's. */
void link_give_up(struct link *l, const char *problem);

/* True once link_turn() has returned false or the link was given up. */
bool link_has_ended(const struct link *l);

/* Is it MQTT 5? */
bool link_is_v5(const struct link *l);

struct mosquitto *link_mosquitto(struct link *l);

/*
 * Turn until `condition`, which a callback sets, is true. False when it is not in time or the
 * connection is over; link_problem() says which.
 */
bool link_wait(struct link *l, const bool *condition, struct duration timeout);

#endif
