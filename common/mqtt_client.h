/* SPDX-License-Identifier: MIT */
/*
 * Making a client of libmosquitto's: what gateway and tool have in common. Only they link the
 * library, and only through this file does it come to them.
 */
#ifndef COMMON_MQTT_CLIENT_H
#define COMMON_MQTT_CLIENT_H

#include <mosquitto.h>

#include "common/tls.h"
#include "common/url.h"

/* All borrowed for the call, but for what libmosquitto copies or counts itself. */
struct mqtt_client_options {
	const char *client_id;
	bool clean; /* no session of an earlier connection, and none left behind */
	bool is_v5; /* else 3.1.1 */
	const struct url *broker;
	const char *password;	  /* of the user in the URL; may be NULL */
	struct tls_context *tls;  /* of a client, when the URL's scheme wants one */
	uint16_t receive_maximum; /* 0: libmosquitto's own */
};

/* NULL with a sentence appended to *problem. Callbacks get `owner`. */
struct mosquitto *mqtt_client_create(
		const struct mqtt_client_options *options, void *owner, struct str *problem);

/* What a result other than MOSQ_ERR_SUCCESS means, right after the call that gave it. */
const char *mqtt_client_error(int result);

#endif
