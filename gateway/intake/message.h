/* SPDX-License-Identifier: MIT */
/*
 * A message as libmosquitto hands it over, as a record of the journal's: topic and payload, and
 * from its MQTT 5 properties who published it, where receipts are wanted, and what else the
 * publisher says.
 */
#ifndef GATEWAY_INTAKE_MESSAGE_H
#define GATEWAY_INTAKE_MESSAGE_H

#include <mosquitto.h>

#include "gateway/journal/record.h"

struct message {
	struct record record; /* RECORD_MESSAGE; borrowed from libmosquitto and from below */
	struct str texts;     /* what the properties say */
	struct str user;      /* the user properties, see record_add_property() */
};

/* Zeroed memory is a valid empty one, to be used again for every message. */
void message_read(struct message *m, const struct mosquitto_message *from,
		const mosquitto_property *properties);
void message_finish(struct message *m);

#endif
