/* SPDX-License-Identifier: MIT */
/*
 * Two shards in memory with a bridge between them: `here` has it, `there` is the other broker.
 * begin() and end() are a test's setup and teardown.
 */
#ifndef TESTS_UNIT_BROKER_CORE_BRIDGE_RIG_H
#define TESTS_UNIT_BROKER_CORE_BRIDGE_RIG_H

#include "broker/core/bridge.h"
#include "broker/core/router.h"
#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

/* A client of one of the brokers, and what it has been sent. */
struct watcher {
	struct client *client;
	struct str received;
	size_t at;
};

static struct limits limits_here, limits_there;
static struct shard *here, *there;
static struct policy *policy;
static struct bridge_topics topics;
static struct bridge_options options;
static struct bridge *bridge;
static struct client *bridged, *server; /* the two ends of the connection; NULL: cut */
static struct watcher near, far;
static struct instant now;
static struct {
	unsigned up, down, wanted, refused;
	bool session_present;
	enum bridge_end how;
	enum mqtt_reason reason;
} told;

static inline void on_up(void *owner, bool session_present)
{
	(void)owner;
	told.up++;
	told.session_present = session_present;
}

static inline void on_down(void *owner, enum bridge_end how, enum mqtt_reason reason)
{
	(void)owner;
	told.down++;
	told.how = how;
	told.reason = reason;
}

static inline void on_refused_topic(void *owner, struct span filter, enum mqtt_reason reason)
{
	(void)owner;
	(void)filter;
	told.refused++;
	told.reason = reason;
}

static inline void on_wanted(void *owner)
{
	(void)owner;
	told.wanted++;
}

static const struct bridge_port port = { NULL, on_up, on_down, on_refused_topic, on_wanted };

static inline int begin(void **unused)
{
	(void)unused;
	memset(&told, 0, sizeof(told));
	limits_here = limits_there = rig_limits();
	now = (struct instant){ 1000000000 };
	here = shard_create(&limits_here, NULL, 7, 8);
	there = shard_create(&limits_there, NULL, 9, 10);
	policy = policy_create();
	options = (struct bridge_options){ .name = "b",
		.topics = &topics,
		.local_client_id = "local.b",
		.remote_client_id = "b.host",
		.notification_topic = "$SYS/broker/connection/b.host/state",
		.version = MQTT_3_1_1,
		.try_private = true,
		.outgoing_retain = true,
		.keep_alive = 60 };
	return 0;
}

static inline void cut(void)
{
	client_destroy(bridged, now);
	client_destroy(server, now);
	bridged = server = NULL;
}

static inline void watcher_finish(struct watcher *w)
{
	client_destroy(w->client, now);
	str_finish(&w->received);
	*w = (struct watcher){ 0 };
}

static inline int end(void **unused)
{
	(void)unused;
	bridge_destroy(bridge, true, now);
	bridge = NULL;
	cut();
	watcher_finish(&near);
	watcher_finish(&far);
	shard_destroy(here);
	shard_destroy(there);
	policy_unref(policy);
	bridge_topics_finish(&topics);
	return 0;
}

static inline void topic(const char *text)
{
	struct settings_report report = { 0 };
	struct settings_line line = {
		.file = "", .keyword = BYTES("topic"), .rest = span_of_text(text), .report = &report
	};

	assert_true(bridge_topics_add(&topics, &line));
}

static inline void create(void)
{
	bridge = bridge_create(here, &options, &port, policy, now);
}

/* --- moving bytes --------------------------------------------------------------------------- */

static inline void receive(struct client *c, struct span bytes)
{
	uint8_t *exact = xmemdup(bytes.data, bytes.len);
	struct client_progress p = client_receive(c, span_of(exact, bytes.len), now);

	free(exact);
	assert_int_equal(p.consumed, bytes.len);
}

/* One whole packet, at most, from one end to the other. False when there is none. */
static inline bool carry(struct client *from, struct client *to)
{
	static struct str buffer;
	struct span first;
	struct frame frame;
	size_t size;

	if (from == NULL || to == NULL || output_spans(&from->output, &first, 1) == 0)
		return false;
	str_clear(&buffer);
	for (size = 0; frame_next(str_span(&buffer), SIZE_MAX, &frame) != FRAME_COMPLETE; size++)
		assert_int_equal(rig_drain(from, &buffer, 1, now), 1);
	receive(to, str_span(&buffer));
	str_finish(&buffer);
	return true;
}

static inline void settle(void)
{
	bool is_moving;

	do {
		is_moving = carry(bridged, server);
		is_moving |= carry(server, bridged);
		work_begin_turn(&here->work);
		work_begin_turn(&there->work);
		shard_work(here, now);
		shard_work(there, now);
	} while (is_moving);
}

static inline void plug(void)
{
	bridged = bridge_open(bridge, NULL, now);
	server = rig_client(there, NULL, now);
}

static inline void go_up(void)
{
	unsigned before = told.up;

	plug();
	settle();
	assert_int_equal(told.up, before + 1);
}

/* --- clients -------------------------------------------------------------------------------- */

static inline void watch(struct watcher *w, struct shard *shard)
{
	w->client = rig_client(shard, NULL, now);
	receive(w->client, BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1w"));
	receive(w->client, BYTES("\x82\x06\0\1\0\1#\0"));
	receive(w->client, BYTES("\x82\x28\0\2\0\x23$SYS/broker/connection/b.host/state\0"));
}

/* What the client was sent since the last call: "topic=payload " each, with "!" when retained. */
static inline const char *seen(struct watcher *w)
{
	static struct str text;
	struct served s;

	str_clear(&text);
	rig_drain(w->client, &w->received, SIZE_MAX, now);
	while (rig_next(&w->received, &w->at, w->client->version, &s) == 1) {
		if (s.type == PACKET_PUBLISH)
			str_printf(&text, "%.*s=%.*s%s ", SPAN_ARGS(s.topic), SPAN_ARGS(s.payload),
					s.flags & 1 ? "!" : "");
	}
	return str_text(&text);
}

static inline void publish(struct shard *shard, const char *name, uint8_t qos, bool retain)
{
	struct message *m = message_create(span_of_text(name), NULL, BYTES("x"), qos, retain, now);

	router_publish(shard, NULL, m, NULL, now);
	message_unref(m);
}

#endif
