/* SPDX-License-Identifier: MIT */
/*
 * Clients of one letter at a shard with a ledger. What a client has been sent since it was last
 * asked is text: "puback 1 publish0 x " and so on, with "=97" for a reason.
 */
#ifndef TESTS_UNIT_BROKER_CORE_WITHHELD_RIG_H
#define TESTS_UNIT_BROKER_CORE_WITHHELD_RIG_H

#include "broker/core/withheld.h"

#include <stdio.h>

#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

static struct limits limits;
static struct shard *shard;
static struct instant now;
static struct client *p, *s; /* who publishes and who subscribes */

static inline void say(struct client *c, struct span bytes)
{
	assert_int_equal(client_receive(c, bytes, now).consumed, bytes.len);
}

static inline struct client *join(struct span connect)
{
	struct client *c = rig_client(shard, NULL, now);

	say(c, connect);
	return c;
}

#define CLEAN(id)    BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1" id)
#define LASTING(id)  BYTES("\x10\x0d\0\4MQTT\4\0\0\0\0\1" id)
#define CLEAN5(id)   BYTES("\x10\x0e\0\4MQTT\5\2\0\0\0\0\1" id)
#define LASTING5(id) BYTES("\x10\x13\0\4MQTT\5\0\0\0\5\x11\0\0\0\x3c\0\1" id)

static inline const char *heard(struct client *c)
{
	static const char *const names[] = { "", "", "connack", "publish", "puback", "pubrec",
		"pubrel", "pubcomp", "", "suback", "", "unsuback", "", "", "disconnect", "" };
	static char text[1024];
	struct served packet;
	struct str output = { 0 };
	size_t at = 0, n = 0;
	int found;

	text[0] = '\0';
	rig_drain(c, &output, SIZE_MAX, now);
	while ((found = rig_next(&output, &at, c->version, &packet)) == 1) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", names[packet.type]);
		if (packet.type == PACKET_PUBLISH)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%d %c",
					served_qos(&packet), packet.payload.data[0]);
		else if (packet.packet_id != 0)
			n += (size_t)snprintf(text + n, sizeof(text) - n, " %u", packet.packet_id);
		if (packet.reason != 0)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "=%x", packet.reason);
		if (packet.codes.len > 0 && packet.codes.data[0] >= 0x80)
			n += (size_t)snprintf(
					text + n, sizeof(text) - n, "/%x", packet.codes.data[0]);
		n += (size_t)snprintf(text + n, sizeof(text) - n, " ");
	}
	assert_int_equal(found, 0);
	str_finish(&output);
	return text;
}

/* As the broker does at the end of a turn, until there is nothing left to commit. */
static inline void commit(void)
{
	struct ledger *l = &shard->ledger;

	while (l->sealed != NULL || !ledger_is_empty(l)) {
		if (l->sealed == NULL)
			ledger_seal(l, seconds(0));
		ledger_committed(l);
	}
	ledger_committed(l);
	assert_null(l->waiting);
}

static inline void open_shard(void)
{
	limits = rig_limits();
	now = (struct instant){ 1000000000 };
	shard = shard_create(&limits, NULL, 7, 8);
	ledger_start(&shard->ledger, 1, 1, 1);
}

/* p is there for the moment; s has subscribed t with QoS 2 and lasts. Nothing waits. */
static inline int begin(void **unused)
{
	(void)unused;
	open_shard();
	p = join(CLEAN("p"));
	s = join(LASTING("s"));
	say(s, BYTES("\x82\6\0\1\0\1t\2"));
	commit();
	assert_string_equal(heard(p), "connack ");
	assert_string_equal(heard(s), "connack suback 1 ");
	return 0;
}

static inline int end(void **unused)
{
	(void)unused;
	client_destroy(p, now);
	client_destroy(s, now);
	shard_destroy(shard);
	return 0;
}

#endif
