/* SPDX-License-Identifier: MIT */
/*
 * Two shards in memory with a bridge between them: `here` has it, `there` is the other broker.
 */
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

static void on_up(void *owner, bool session_present)
{
	(void)owner;
	told.up++;
	told.session_present = session_present;
}

static void on_down(void *owner, enum bridge_end how, enum mqtt_reason reason)
{
	(void)owner;
	told.down++;
	told.how = how;
	told.reason = reason;
}

static void on_refused_topic(void *owner, struct span filter, enum mqtt_reason reason)
{
	(void)owner;
	(void)filter;
	told.refused++;
	told.reason = reason;
}

static void on_wanted(void *owner)
{
	(void)owner;
	told.wanted++;
}

static const struct bridge_port port = { NULL, on_up, on_down, on_refused_topic, on_wanted };

static int begin(void **unused)
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

static void cut(void)
{
	client_destroy(bridged, now);
	client_destroy(server, now);
	bridged = server = NULL;
}

static void watcher_finish(struct watcher *w)
{
	client_destroy(w->client, now);
	str_finish(&w->received);
	*w = (struct watcher){ 0 };
}

static int end(void **unused)
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

static void topic(const char *text)
{
	struct settings_report report = { 0 };
	struct settings_line line = {
		.file = "", .keyword = BYTES("topic"), .rest = span_of_text(text), .report = &report
	};

	assert_true(bridge_topics_add(&topics, &line));
}

static void create(void)
{
	bridge = bridge_create(here, &options, &port, policy, now);
}

/* --- moving bytes --------------------------------------------------------------------------- */

static void receive(struct client *c, struct span bytes)
{
	uint8_t *exact = xmemdup(bytes.data, bytes.len);
	struct client_progress p = client_receive(c, span_of(exact, bytes.len), now);

	free(exact);
	assert_int_equal(p.consumed, bytes.len);
}

/* One whole packet, at most, from one end to the other. False when there is none. */
static bool carry(struct client *from, struct client *to)
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

static void settle(void)
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

static void plug(void)
{
	bridged = bridge_open(bridge, NULL, now);
	server = rig_client(there, NULL, now);
}

static void go_up(void)
{
	unsigned before = told.up;

	plug();
	settle();
	assert_int_equal(told.up, before + 1);
}

/* --- clients -------------------------------------------------------------------------------- */

static void watch(struct watcher *w, struct shard *shard)
{
	w->client = rig_client(shard, NULL, now);
	receive(w->client, BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1w"));
	receive(w->client, BYTES("\x82\x06\0\1\0\1#\0"));
	receive(w->client, BYTES("\x82\x28\0\2\0\x23$SYS/broker/connection/b.host/state\0"));
}

/* What the client was sent since the last call: "topic=payload " each, with "!" when retained. */
static const char *seen(struct watcher *w)
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

static void publish(struct shard *shard, const char *name, uint8_t qos, bool retain)
{
	struct message *m = message_create(span_of_text(name), NULL, BYTES("x"), qos, retain, now);

	router_publish(shard, NULL, m, NULL, now);
	message_unref(m);
}

/* --- tests ---------------------------------------------------------------------------------- */

static void messages_pass_out_and_in_under_their_names(void **unused)
{
	(void)unused;
	topic("a/# out 1 l/ r/");
	topic("b/# in 1 l/ r/");
	options.notification_topic = NULL;
	create();
	watch(&near, here);
	watch(&far, there);
	go_up();
	publish(here, "l/a/1", 1, false);
	publish(here, "a/1", 1, false);
	publish(there, "r/b/2", 0, false);
	publish(there, "b/2", 0, false);
	settle();
	assert_string_equal(seen(&near), "l/a/1=x a/1=x l/b/2=x ");
	assert_string_equal(seen(&far), "r/b/2=x b/2=x r/a/1=x ");
	assert_true(bridge_is_idle(bridge));
}

static void what_passes_both_ways_passes_once(void **unused)
{
	(void)unused;
	topic("# both 2");
	options.notification_topic = NULL;
	create();
	watch(&near, here);
	watch(&far, there);
	for (options.version = MQTT_3_1; options.version <= MQTT_5; options.version++) {
		bridge_destroy(bridge, true, now);
		cut();
		create();
		go_up();
		publish(here, "out", 2, false);
		publish(there, "in", 2, false);
		settle();
		assert_string_equal(seen(&near), "out=x in=x ");
		assert_string_equal(seen(&far), "in=x out=x ");
		assert_int_equal(server->is_bridge, options.version != MQTT_5);
	}
}

/* A broker that does not know what a bridge is sends back what it is sent; that ends here. */
static void what_came_back_is_not_sent_again(void **unused)
{
	(void)unused;
	topic("# both 1");
	options.notification_topic = NULL;
	options.try_private = false;
	create();
	watch(&near, here);
	watch(&far, there);
	go_up();
	assert_false(server->is_bridge);
	publish(here, "out", 1, false);
	settle();
	assert_string_equal(seen(&far), "out=x ");
	assert_string_equal(seen(&near), "out=x out=x ");
}

static void retained_messages_pass_as_retained_when_the_bridge_comes_up(void **unused)
{
	(void)unused;
	topic("a/# out 1");
	topic("b/# in 1");
	options.notification_topic = NULL;
	publish(here, "a/1", 1, true);
	publish(there, "b/1", 1, true);
	create();
	go_up();
	assert_int_equal(here->retained.count, 2);
	assert_int_equal(there->retained.count, 2);
	options.outgoing_retain = false;
	bridge_destroy(bridge, true, now);
	cut();
	create();
	go_up();
	publish(here, "a/2", 1, true);
	settle();
	assert_int_equal(here->retained.count, 3);
	assert_int_equal(there->retained.count, 2);
}

static void state_is_published_here_and_there(void **unused)
{
	(void)unused;
	topic("a out");
	watch(&near, here);
	watch(&far, there);
	create();
	assert_string_equal(seen(&near), "$SYS/broker/connection/b.host/state=0 ");
	go_up();
	assert_string_equal(seen(&near), "$SYS/broker/connection/b.host/state=1 ");
	assert_string_equal(seen(&far), "$SYS/broker/connection/b.host/state=1 ");
	cut();
	assert_string_equal(seen(&near), "$SYS/broker/connection/b.host/state=0 ");
	assert_string_equal(seen(&far), "$SYS/broker/connection/b.host/state=0 ");
	assert_int_equal(told.how, BRIDGE_LOST);
	assert_int_equal(there->retained.count, 1);
	options.notifies_local_only = true;
	bridge_destroy(bridge, true, now);
	create();
	go_up();
	assert_string_equal(seen(&far), "");
}

static void messages_wait_while_the_other_broker_is_away(void **unused)
{
	(void)unused;
	topic("# out 1");
	options.notification_topic = NULL;
	limits_here.max_queued_messages = 3;
	create();
	watch(&far, there);
	publish(here, "1", 1, false); /* before it was ever there */
	go_up();
	cut();
	publish(here, "qos0", 0, false);
	for (unsigned i = 0; i < 5; i++)
		publish(here, "2", 2, false);
	assert_int_equal(bridge_waiting(bridge), 3);
	assert_int_equal(here->counters.dropped_queue_full, 2);
	go_up();
	assert_true(told.session_present);
	assert_string_equal(seen(&far), "1=x 2=x 2=x 2=x ");
}

static void clean_session_keeps_nothing(void **unused)
{
	(void)unused;
	topic("# out 1");
	options.notification_topic = NULL;
	options.clean_start = options.local_clean_start = true;
	create();
	watch(&far, there);
	publish(here, "1", 1, false);
	go_up();
	assert_int_equal(here->sessions.count, 1);
	cut();
	assert_int_equal(here->sessions.count, 0);
	publish(here, "2", 1, false);
	go_up();
	publish(here, "3", 1, false);
	settle();
	assert_string_equal(seen(&far), "3=x ");
}

/* Everything that a message needs to pass is cut after each of its packets in turn. */
static void cut_after(unsigned packets)
{
	plug();
	while (packets > 0) {
		bool is_moving = false;

		for (unsigned way = 0; way < 2 && packets > 0; way++) {
			bool moved = way == 0 ? carry(bridged, server) : carry(server, bridged);

			packets -= moved;
			is_moving |= moved;
		}
		if (!is_moving)
			break;
	}
	cut();
}

static unsigned count_of(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word)) != NULL) {
		text += strlen(word);
		n++;
	}
	return n;
}

static void qos2_passes_exactly_once_across_a_cut_in_each_step(void **unused)
{
	(void)unused;
	topic("out out 2");
	topic("in in 2");
	options.notification_topic = NULL;
	for (unsigned i = 0; i < 3 * 24; i++) {
		options.version = MQTT_3_1 + i / 24;
		create();
		watch(&near, here);
		watch(&far, there);
		go_up(); /* both sessions are there */
		cut();
		publish(here, "out", 2, false);
		publish(there, "in", 2, false);
		cut_after(i % 24);
		go_up();
		assert_int_equal(count_of(seen(&far), "out=x"), 1);
		assert_int_equal(count_of(seen(&near), "in=x"), 1);
		assert_true(bridge_is_idle(bridge));
		bridge_destroy(bridge, true, now);
		bridge = NULL;
		cut();
		watcher_finish(&near);
		watcher_finish(&far);
		shard_destroy(there);
		there = shard_create(&limits_there, NULL, 9, 10);
	}
}

static void qos1_passes_at_least_once_across_a_cut_in_each_step(void **unused)
{
	(void)unused;
	topic("out out 1");
	options.notification_topic = NULL;
	for (unsigned i = 0; i < 12; i++) {
		create();
		watch(&far, there);
		go_up();
		cut();
		publish(here, "out", 1, false);
		cut_after(i);
		go_up();
		assert_in_range(count_of(seen(&far), "out=x"), 1, 2);
		assert_true(bridge_is_idle(bridge));
		bridge_destroy(bridge, true, now);
		bridge = NULL;
		cut();
		watcher_finish(&far);
	}
}

/* Its packet identifiers begin anew: a message must not be taken for one of before. */
static void session_that_the_other_broker_has_lost_is_forgotten_here(void **unused)
{
	(void)unused;
	topic("# in 2");
	options.notification_topic = NULL;
	create();
	watch(&near, here);
	plug();
	receive(bridged, BYTES("\x20\2\0\0\x90\3\xff\xff\2"));
	receive(bridged, BYTES("\x34\x06\0\1a\0\1x"));
	assert_string_equal(seen(&near), "a=x ");
	cut();
	plug();
	receive(bridged, BYTES("\x20\2\0\0\x90\3\xff\xff\2"));
	receive(bridged, BYTES("\x34\x06\0\1a\0\1y"));
	assert_string_equal(seen(&near), "a=y ");
	cut();
	plug();
	receive(bridged, BYTES("\x20\2\1\0\x90\3\xff\xff\2"));
	receive(bridged, BYTES("\x3c\x06\0\1a\0\1y"));
	assert_string_equal(seen(&near), "");
}

static void what_was_not_asked_for_is_acknowledged_and_dropped(void **unused)
{
	static struct str output;

	(void)unused;
	topic("a in 2");
	options.notification_topic = NULL;
	create();
	watch(&near, here);
	plug();
	receive(bridged, BYTES("\x20\2\0\0\x90\3\xff\xff\2"));
	rig_drain(bridged, &output, SIZE_MAX, now);
	str_clear(&output);
	receive(bridged, BYTES("\x30\4\0\1bx\x32\6\0\1b\0\1x\x34\6\0\1b\0\2x\x34\6\0\1b\0\2x"));
	rig_drain(bridged, &output, SIZE_MAX, now);
	assert_span_equal(str_span(&output), BYTES("\x40\2\0\1\x50\2\0\2\x50\2\0\2"));
	assert_string_equal(seen(&near), "");
	assert_int_equal(here->counters.dropped_unasked, 3);
	str_finish(&output);
}

static void subscriptions_do_not_take_identifiers_in_flight(void **unused)
{
	struct inflight_entry *entry;

	(void)unused;
	topic("a both 1");
	topic("b both 1");
	options.notification_topic = NULL;
	create();
	here->sessions.table->inflight.last_id = 65534; /* after many messages */
	plug();
	receive(bridged, BYTES("\x20\2\0\0"));
	assert_int_equal(bridge->requests[0].packet_id, 65535);
	assert_int_equal(bridge->requests[1].packet_id, 65534);
	receive(bridged, BYTES("\x90\3\xff\xff\1\x90\3\xff\xfe\1"));
	publish(here, "a", 1, false);
	entry = inflight_find(&here->sessions.table->inflight, 65535);
	assert_non_null(entry);
	cut();
	plug();
	receive(bridged, BYTES("\x20\2\1\0"));
	assert_int_equal(bridge->requests[0].packet_id, 65534);
	assert_int_equal(bridge->requests[1].packet_id, 65533);
}

static void nothing_but_a_connack_comes_first(void **unused)
{
	static const struct span first[] = { SPAN("\x30\3\0\1a"), SPAN("\x10\0"), SPAN("\x90"),
		SPAN("\xd0\0"), SPAN("\x20\2\2\0"), SPAN("\x20\3\0\0\0"), SPAN("\0\0"),
		SPAN("\x20\xff\xff\xff\x7f") };

	(void)unused;
	topic("# both 1");
	create();
	for (size_t i = 0; i < array_size(first); i++) {
		plug();
		receive(bridged, first[i]);
		assert_int_equal(bridged->state, CLIENT_CLOSING);
		assert_null(bridge->client);
		assert_int_equal(told.down, i + 1);
		assert_int_equal(told.how, BRIDGE_CLOSED);
		cut();
		assert_int_equal(told.down, i + 1);
	}
}

static void what_only_a_client_sends_ends_the_connection(void **unused)
{
	static const struct span packets[] = { SPAN("\x10\x0d\0\4MQTT\4\2\0\0\0\1w"),
		SPAN("\x20\2\0\0"), SPAN("\x82\x06\0\1\0\1#\0"), SPAN("\xa2\5\0\1\0\1#"),
		SPAN("\xc0\0"), SPAN("\x90\3\0\7\0"), SPAN("\xe0\0"), SPAN("\xf0\0") };

	(void)unused;
	topic("a out 1");
	create();
	for (size_t i = 0; i < array_size(packets); i++) {
		go_up();
		receive(bridged, packets[i]);
		assert_int_equal(bridged->state, CLIENT_CLOSING);
		assert_int_equal(told.down, i + 1);
		cut();
	}
}

static void refusal_is_told_and_learned_from(void **unused)
{
	static struct str output;

	(void)unused;
	topic("# out");
	create();
	plug();
	receive(bridged, BYTES("\x20\2\0\1"));
	assert_int_equal(told.how, BRIDGE_REFUSED);
	assert_int_equal(told.reason, MQTT_UNSUPPORTED_PROTOCOL_VERSION);
	cut();
	plug(); /* without the mark */
	rig_drain(bridged, &output, SIZE_MAX, now);
	assert_int_equal(output.text[8], 4);
	receive(bridged, BYTES("\x20\2\0\5"));
	assert_int_equal(told.reason, MQTT_NOT_AUTHORIZED);
	assert_int_equal(told.down, 2);
	str_finish(&output);
}

static void other_broker_may_take_less(void **unused)
{
	static struct str output;

	(void)unused;
	topic("# out 2");
	options.version = MQTT_5;
	options.notification_topic = NULL;
	create();
	publish(here, "long-enough-to-be-too-large", 1, false);
	for (unsigned i = 0; i < 3; i++)
		publish(here, "a", 2, true);
	plug();
	rig_drain(bridged, &output, SIZE_MAX, now);
	str_clear(&output);
	/* receive maximum 2, maximum QoS 1, no retain, packets of 16 bytes at most */
	receive(bridged, BYTES("\x20\x0f\0\0\x0c\x21\0\2\x24\1\x25\0\x27\0\0\0\x10"));
	rig_drain(bridged, &output, SIZE_MAX, now);
	assert_span_equal(str_span(&output), BYTES("\x32\7\0\1a\0\1\0x\x32\7\0\1a\0\2\0x"));
	assert_int_equal(here->counters.dropped_too_large, 1);
	str_finish(&output);
}

static void exchange_of_qos2_goes_on_with_a_broker_that_takes_qos1(void **unused)
{
	static struct str output;

	(void)unused;
	topic("# out 2");
	options.version = MQTT_5;
	options.notification_topic = NULL;
	create();
	plug();
	receive(bridged, BYTES("\x20\3\0\0\0"));
	publish(here, "a", 2, false);
	cut();
	plug();
	rig_drain(bridged, &output, SIZE_MAX, now);
	str_clear(&output);
	receive(bridged, BYTES("\x20\5\0\0\2\x24\1"));
	rig_drain(bridged, &output, SIZE_MAX, now);
	assert_span_equal(str_span(&output), BYTES("\x3a\7\0\1a\0\1\0x"));
	cut();
	plug();
	rig_drain(bridged, &output, SIZE_MAX, now);
	str_clear(&output);
	receive(bridged, BYTES("\x20\5\0\0\2\x24\0"));
	rig_drain(bridged, &output, SIZE_MAX, now);
	assert_span_equal(str_span(&output), BYTES("\x30\5\0\1a\0x"));
	shard_work(here, now);
	assert_true(bridge_is_idle(bridge));
	str_finish(&output);
}

static void ping_goes_out_in_each_keep_alive_and_must_be_answered(void **unused)
{
	(void)unused;
	topic("# out");
	create();
	go_up();
	for (unsigned i = 0; i < 3; i++) {
		now = instant_after(now, seconds(60));
		shard_run_timers(here, now);
		assert_int_equal(bridged->output.bytes, 2);
		settle();
	}
	now = instant_after(now, seconds(60));
	shard_run_timers(here, now);
	assert_int_equal(told.down, 0);
	now = instant_after(now, seconds(60));
	shard_run_timers(here, now);
	assert_int_equal(told.down, 1);
	assert_int_equal(told.reason, MQTT_KEEP_ALIVE_TIMEOUT);
}

static void answers_are_not_waited_for_without_end(void **unused)
{
	(void)unused;
	topic("# in");
	create();
	plug();
	now = instant_after(now, seconds(BRIDGE_ANSWER_SECONDS));
	shard_run_timers(here, now);
	assert_int_equal(told.down, 1); /* no CONNACK */
	cut();
	plug();
	receive(bridged, BYTES("\x20\2\0\0"));
	now = instant_after(now, seconds(BRIDGE_ANSWER_SECONDS));
	shard_run_timers(here, now);
	assert_int_equal(told.down, 2); /* no SUBACK */
	assert_int_equal(told.up, 0);
}

static void topic_that_the_other_broker_refuses_is_told(void **unused)
{
	(void)unused;
	topic("a in");
	topic("b in");
	create();
	plug();
	receive(bridged, BYTES("\x20\2\0\0\x90\3\xff\xff\x80"));
	assert_int_equal(told.refused, 1);
	assert_int_equal(told.up, 0);
	receive(bridged, BYTES("\x90\3\xff\xfe\0"));
	assert_int_equal(told.up, 1);
	receive(bridged, BYTES("\x90\3\xff\xfe\0")); /* a second answer */
	assert_int_equal(told.down, 1);
}

static void what_passes_out_only_is_unsubscribed_there(void **unused)
{
	(void)unused;
	topic("# both");
	options.notification_topic = NULL;
	create();
	go_up();
	assert_int_equal(there->topics.subscriptions, 1);
	bridge_destroy(bridge, true, now);
	cut();
	bridge_topics_finish(&topics);
	topic("# out");
	create();
	go_up();
	assert_int_equal(there->topics.subscriptions, 1); /* as the settings have it */
	bridge_destroy(bridge, true, now);
	cut();
	options.attempt_unsubscribe = true;
	create();
	go_up();
	assert_int_equal(there->topics.subscriptions, 0);
	bridge_destroy(bridge, true, now);
	cut();
	topic("# in");
	topic("# out 1");
	create();
	go_up();
	assert_int_equal(there->topics.subscriptions, 1);
}

static void lazy_bridge_is_wanted_when_enough_waits(void **unused)
{
	(void)unused;
	topic("# out 1");
	options.notification_topic = NULL;
	options.is_lazy = true;
	options.threshold = 3;
	create();
	watch(&far, there);
	publish(here, "1", 0, false);
	publish(here, "2", 1, false);
	assert_int_equal(told.wanted, 0);
	publish(here, "3", 1, false);
	assert_int_equal(told.wanted, 1);
	go_up();
	assert_string_equal(seen(&far), "1=x 2=x 3=x ");
}

static void nobody_else_gets_the_session_of_a_bridge(void **unused)
{
	static struct str output;
	struct client *thief;

	(void)unused;
	topic("# out 1");
	create();
	thief = rig_client(here, NULL, now);
	receive(thief, BYTES("\x10\x13\0\4MQTT\4\0\0\0\0\7local.b"));
	rig_drain(thief, &output, SIZE_MAX, now);
	assert_span_equal(str_span(&output), BYTES("\x20\2\0\2"));
	client_destroy(thief, now);
	str_finish(&output);
}

static void successor_takes_over_what_waits_and_nothing_else(void **unused)
{
	(void)unused;
	topic("a out 1");
	options.notification_topic = NULL;
	create();
	publish(here, "a", 1, false);
	bridge_destroy(bridge, false, now);
	bridge_topics_finish(&topics);
	topic("b out 1");
	topic("a in");
	create();
	assert_int_equal(bridge_waiting(bridge), 1);
	publish(here, "a", 1, false);
	publish(here, "b", 1, false);
	assert_int_equal(bridge_waiting(bridge), 2);
	bridge_destroy(bridge, true, now);
	bridge = NULL;
	assert_int_equal(here->sessions.count, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(messages_pass_out_and_in_under_their_names),
		T(what_passes_both_ways_passes_once),
		T(what_came_back_is_not_sent_again),
		T(retained_messages_pass_as_retained_when_the_bridge_comes_up),
		T(state_is_published_here_and_there),
		T(messages_wait_while_the_other_broker_is_away),
		T(clean_session_keeps_nothing),
		T(qos2_passes_exactly_once_across_a_cut_in_each_step),
		T(qos1_passes_at_least_once_across_a_cut_in_each_step),
		T(session_that_the_other_broker_has_lost_is_forgotten_here),
		T(what_was_not_asked_for_is_acknowledged_and_dropped),
		T(subscriptions_do_not_take_identifiers_in_flight),
		T(nothing_but_a_connack_comes_first),
		T(what_only_a_client_sends_ends_the_connection),
		T(refusal_is_told_and_learned_from),
		T(other_broker_may_take_less),
		T(exchange_of_qos2_goes_on_with_a_broker_that_takes_qos1),
		T(ping_goes_out_in_each_keep_alive_and_must_be_answered),
		T(answers_are_not_waited_for_without_end),
		T(topic_that_the_other_broker_refuses_is_told),
		T(what_passes_out_only_is_unsubscribed_there),
		T(lazy_bridge_is_wanted_when_enough_waits),
		T(nobody_else_gets_the_session_of_a_bridge),
		T(successor_takes_over_what_waits_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
