/* SPDX-License-Identifier: MIT */
/*
 * What became of something that was asked of a broker, and why, in a sentence with the remedy.
 */
#ifndef CLI_ANSWER_H
#define CLI_ANSWER_H

#include <mosquitto.h>

#include "common/str.h"

enum answer {
	ANSWER_DONE,	/* the broker has done it */
	ANSWER_REFUSED, /* it has not, and will not when asked again */
	ANSWER_LOST,	/* nobody knows: no connection, or no answer in time; perhaps later */
};

/* CONNACK's "not authorized" of 3.1.1, and what stands for that of MQTT 5, which is about topics
   elsewhere. */
enum { REASON_NOT_LET_IN = 5 };

/*
 * What a reason code of MQTT 5, or a return code of 3.1.1, means. Appends its sentence, with what
 * the broker itself says behind it. `properties` may be NULL.
 */
enum answer answer_explain(int code, const mosquitto_property *properties, struct str *into);

#endif
