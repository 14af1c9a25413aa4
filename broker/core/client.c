/* SPDX-License-Identifier: MIT */
#include "broker/core/client.h"

#include <utlist.h>

#include "broker/core/bridge.h"
#include "broker/core/connecting.h"
#include "broker/core/lifecycle.h"
#include "broker/core/protocol.h"
#include "broker/core/router.h"
#include "broker/core/withheld.h"
#include "broker/mqtt/encode.h"
#include "common/mem.h"

enum { HEARD_PIECE = 64 * 1024 };

enum { PACKET_TYPES = 16 };

static protocol_handler *const handlers[PACKET_TYPES] = {
	[PACKET_PUBLISH] = protocol_publish,
	[PACKET_PUBACK] = protocol_puback,
	[PACKET_PUBREC] = protocol_pubrec,
	[PACKET_PUBREL] = protocol_pubrel,
	[PACKET_PUBCOMP] = protocol_pubcomp,
	[PACKET_SUBSCRIBE] = protocol_subscribe,
	[PACKET_UNSUBSCRIBE] = protocol_unsubscribe,
	[PACKET_PINGREQ] = protocol_pingreq,
	[PACKET_DISCONNECT] = protocol_disconnect,
	[PACKET_AUTH] = protocol_auth,
};

/* Of a bridge: the other end is a server. */
static protocol_handler *const bridge_handlers[PACKET_TYPES] = {
	[PACKET_PUBLISH] = protocol_publish,
	[PACKET_PUBACK] = protocol_puback,
	[PACKET_PUBREC] = protocol_pubrec,
	[PACKET_PUBREL] = protocol_pubrel,
	[PACKET_PUBCOMP] = protocol_pubcomp,
	[PACKET_SUBACK] = protocol_suback,
	[PACKET_UNSUBACK] = protocol_suback,
	[PACKET_PINGRESP] = protocol_pingresp,
	[PACKET_DISCONNECT] = protocol_server_disconnect,
};

struct client *client_create(
		struct shard *shard, void *connection, struct policy *policy, struct instant now)
{
	struct client *c = xcalloc(1, sizeof(*c));

	c->shard = shard;
	c->connection = connection;
	c->policy = policy_ref(policy);
	c->version = MQTT_3_1_1;
	c->max_packet_size = UINT32_MAX;
	c->max_qos = 2;
	c->takes_retain = true;
	c->last_heard = now;
	c->timer.kind = TIMER_CLIENT;
	timer_set(&shard->timers, &c->timer,
			instant_after(now, seconds((int64_t)shard->limits->connect_timeout)));
	shard->clients++;
	shard->counters.sockets_opened++;
	return c;
}

void client_identify(struct client *c, struct span username)
{
	free(c->identity);
	c->identity = span_dup_text(username);
}

void client_change_policy(struct client *c, struct policy *policy)
{
	policy_move(&c->policy, policy);
}

void client_hold(struct client *c)
{
	if (c->state == CLIENT_NEW)
		timer_clear(&c->shard->timers, &c->timer);
}

void client_release(struct client *c, struct duration held)
{
	if (c->state == CLIENT_NEW)
		timer_set(&c->shard->timers, &c->timer, instant_after(c->timer.at, held));
}

/* Nobody waits for the verdict any more. The packet may hold a password. */
static void stop_waiting(struct client *c)
{
	const struct authenticator *a = &c->shard->authenticator;

	if (c->state == CLIENT_WAITING && a->cancel != NULL)
		a->cancel(a->owner, c);
	budget_forget_stranger(&c->shard->budget, &c->charged);
	wipe(c->connect.text, c->connect.len);
	str_finish(&c->connect);
}

static void tell_closed(const struct client *c)
{
	const struct core_observer *observer = &c->shard->observer;

	if (observer->closed != NULL && c->bridge == NULL)
		observer->closed(observer->owner, c);
}

void client_destroy(struct client *c, struct instant now)
{
	if (c == NULL)
		return;
	if (c->state == CLIENT_CONNECTED) {
		c->state = CLIENT_CLOSING;
		c->close_reason = MQTT_UNSPECIFIED_ERROR;
		tell_closed(c);
		lifecycle_client_leaves(c, true, now);
	}
	if (c->bridge != NULL)
		bridge_client_leaves(c, MQTT_UNSPECIFIED_ERROR, now);
	stop_waiting(c);
	timer_clear(&c->shard->timers, &c->timer);
	if (c->is_dirty)
		DL_DELETE2(c->shard->dirty, c, previous_dirty, next_dirty);
	str_finish(&c->codes);
	alias_finish(&c->aliases);
	sent_aliases_finish(&c->sent_aliases);
	withheld_drop(c);
	output_finish(&c->output, &c->shard->chunks);
	c->shard->clients--;
	c->shard->work.done += WORK_CLOSE;
	policy_unref(c->policy);
	str_finish(&c->publisher);
	free(c->identity);
	free(c);
}

void client_mark_dirty(struct client *c)
{
	struct shard *shard = c->shard;

	if (c->is_dirty)
		return;
	c->is_dirty = true;
	DL_APPEND2(shard->dirty, c, previous_dirty, next_dirty);
}

/* Somebody looks on, or packets for the client are withheld or to be (withheld.h). */
static __attribute__((noinline)) uint8_t *reserve_apart(
		struct client *c, enum packet_type type, size_t len, size_t more)
{
	const struct core_observer *observer = &c->shard->observer;
	struct output *out = &c->output;

	if (observer->packet != NULL)
		observer->packet(observer->owner, c, type, len + more, true);
	if ((c->withheld != NULL || c->withhold != WITHHOLD_NOT) &&
			(type != PACKET_PINGRESP || !withheld_is_answered(c))) {
		out = withheld_output(c, (enum withhold)c->withhold);
		if (more == 0)
			c->withhold = WITHHOLD_NOT; /* else when that has followed it */
	}
	if (out == &c->output)
		client_mark_dirty(c);
	else
		c->held += len;
	return output_reserve(out, &c->shard->chunks, len);
}

uint8_t *client_reserve(struct client *c, enum packet_type type, size_t len, size_t more)
{
	struct shard *shard = c->shard;

	shard->counters.packets_sent++;
	if (unlikely(shard->observer.packet != NULL || c->withheld != NULL ||
			    c->withhold != WITHHOLD_NOT))
		return reserve_apart(c, type, len, more);
	client_mark_dirty(c);
	return output_reserve(&c->output, &shard->chunks, len);
}

void client_append_payload(struct client *c, struct message *m)
{
	struct output *out = &c->output;

	if (unlikely(c->withheld != NULL))
		out = withheld_output(c, (enum withhold)c->withhold);
	c->withhold = WITHHOLD_NOT;
	output_append_payload(out, m);
	if (out != &c->output)
		c->held += m->payload_len;
}

bool client_send(struct client *c, enum packet_type type, struct span packet)
{
	if (packet.len > c->max_packet_size) {
		c->withhold = WITHHOLD_NOT;
		return false;
	}
	memcpy(client_reserve(c, type, packet.len, 0), packet.data, packet.len);
	return true;
}

void client_explain(struct client *c, const char *why)
{
	c->why = why;
}

struct span client_explanation(const struct client *c)
{
	return c->why != NULL && c->wants_reasons ? span_of_text(c->why) : (struct span){ NULL, 0 };
}

static void send_disconnect(struct client *c, enum mqtt_reason reason, struct span why)
{
	uint8_t packet[256];
	struct writer w = writer_of(packet, sizeof(packet));

	encode_disconnect(&w, reason, why);
	if (!client_send(c, PACKET_DISCONNECT, writer_span(&w)) && why.len > 0)
		send_disconnect(c, reason, (struct span){ NULL, 0 });
}

static void count_close(const struct client *c, enum mqtt_reason reason)
{
	struct shard *shard = c->shard;

	if (c->closed_by_peer)
		return;
	if (reason == MQTT_KEEP_ALIVE_TIMEOUT)
		shard->counters.keep_alive_timeouts++;
	else if (mqtt_reason_is_failure(reason) && reason != MQTT_SESSION_TAKEN_OVER &&
			reason != MQTT_SERVER_SHUTTING_DOWN)
		shard->counters.protocol_errors++;
}

static void end_connected(struct client *c, enum mqtt_reason reason, struct instant now)
{
	bool is_answered = withheld_is_answered(c);

	count_close(c, reason);
	withheld_drop(c);
	/* Before version 5 a bridge says nothing: the end of the connection publishes its will. */
	if (!is_answered)
		connecting_send_connack(c, MQTT_QUOTA_EXCEEDED, false, (struct span){ NULL, 0 });
	else if (c->version == MQTT_5 && !c->closed_by_peer)
		send_disconnect(c, c->bridge != NULL ? bridge_disconnect_reason(reason) : reason,
				client_explanation(c));
	tell_closed(c);
	lifecycle_client_leaves(c, reason != MQTT_NORMAL_DISCONNECTION, now);
}

void client_close(struct client *c, enum mqtt_reason reason, struct instant now)
{
	bool was_connected = c->state == CLIENT_CONNECTED;

	if (c->state == CLIENT_CLOSING)
		return;
	stop_waiting(c);
	c->shard->work.done += WORK_CLOSE;
	c->state = CLIENT_CLOSING;
	c->close_reason = (uint8_t)reason;
	timer_clear(&c->shard->timers, &c->timer);
	client_mark_dirty(c);
	if (was_connected)
		end_connected(c, reason, now);
	if (c->bridge != NULL) {
		if (!c->closed_by_peer)
			c->bridge->how_it_ends = BRIDGE_CLOSED;
		bridge_client_leaves(c, reason, now);
	}
}

static enum packet_type first_packet(const struct client *c)
{
	return c->bridge != NULL ? PACKET_CONNACK : PACKET_CONNECT;
}

static protocol_handler *handler_of(const struct client *c, enum packet_type type)
{
	if (c->state != CLIENT_NEW)
		return c->bridge != NULL ? bridge_handlers[type] : handlers[type];
	if (type != first_packet(c))
		return NULL;
	return c->bridge != NULL ? protocol_connack : protocol_connect;
}

/* [v5 MQTT-3.1.0-1, MQTT-3.1.0-2]: CONNECT comes first, and only then */
static enum mqtt_reason dispatch(struct client *c, const struct frame *frame, struct instant now)
{
	const struct core_observer *observer = &c->shard->observer;
	protocol_handler *handler;

	if (unlikely(observer->packet != NULL) && !c->is_unfinished)
		observer->packet(observer->owner, c, frame->type, frame->size, false);
	c->is_unfinished = false;
	if (unlikely(frame_is_overlong(frame)) && c->version == MQTT_5)
		return MQTT_MALFORMED_PACKET;
	handler = handler_of(c, frame->type);
	if (handler != NULL)
		return handler(c, frame, now);
	return frame->type == 0 && c->state != CLIENT_NEW ? MQTT_MALFORMED_PACKET
							  : MQTT_PROTOCOL_ERROR;
}

/* A stranger's first packet is buffered before anything is known of him: not as much as later. */
static size_t largest_packet(const struct client *c)
{
	uint64_t limit = c->shard->limits->max_packet_size;

	if (c->state == CLIENT_NEW && (limit == 0 || limit > MAX_CONNECT_PACKET))
		return MAX_CONNECT_PACKET;
	return limit > 0 ? (size_t)limit : MAX_REMAINING_LENGTH + MAX_FIXED_HEADER;
}

/*
 * Only whole packets are a sign of life [v5 MQTT-3.1.2-22]. Of one that takes longer than the
 * keep-alive, so is each further piece of this size: who sends a byte at a time is not heard.
 */
static void hear_part(struct client *c, size_t len, struct instant now)
{
	if (len < c->heard_of_packet + HEARD_PIECE)
		return;
	c->heard_of_packet = len;
	c->last_heard = now;
}

static enum mqtt_reason hear_whole(struct client *c, const struct frame *frame, struct instant now)
{
	c->heard_of_packet = 0;
	c->last_heard = now;
	c->shard->work.done++;
	ledger_begin_packet(&c->shard->ledger);
	if (!c->is_unfinished) {
		c->shard->counters.packets_received++;
		c->why = NULL;
	}
	return dispatch(c, frame, now);
}

struct client_progress client_receive(struct client *c, struct span input, struct instant now)
{
	struct client_progress progress = { 0 };
	struct frame frame = { 0 };

	work_begin_share(&c->shard->work);
	while (c->state != CLIENT_CLOSING && c->state != CLIENT_WAITING) {
		struct span rest = span_from(input, progress.consumed);
		enum frame_status status = frame_next(rest, largest_packet(c), &frame);
		enum mqtt_reason reason = MQTT_SUCCESS;

		if (status == FRAME_PARTIAL) {
			/* A stranger's first packet is refused by its first byte. */
			if (c->state != CLIENT_NEW || rest.len == 0 ||
					frame.type == first_packet(c)) {
				progress.wanted = frame.size;
				hear_part(c, rest.len, now);
				break;
			}
			reason = MQTT_PROTOCOL_ERROR;
		} else if (status == FRAME_MALFORMED) {
			reason = MQTT_MALFORMED_PACKET;
		} else if (status == FRAME_TOO_LARGE) {
			reason = MQTT_PACKET_TOO_LARGE;
		} else if (work_share_is_over(&c->shard->work)) {
			progress.has_more = true;
			break;
		} else {
			reason = hear_whole(c, &frame, now);
			progress.consumed += c->is_unfinished ? 0 : frame.size;
		}
		if (reason != MQTT_SUCCESS)
			client_close(c, reason, now);
	}
	if (c->state == CLIENT_CLOSING)
		progress.consumed = input.len;
	c->shard->counters.bytes_received += progress.consumed;
	return progress;
}

void client_decide(struct client *c, enum verdict verdict, struct instant now)
{
	struct str packet = c->connect;
	struct frame frame;
	enum mqtt_reason reason;

	if (c->state != CLIENT_WAITING)
		return;
	c->connect = (struct str){ 0 };
	budget_forget_stranger(&c->shard->budget, &c->charged);
	c->state = CLIENT_NEW;
	ledger_begin_packet(&c->shard->ledger);
	frame_next(str_span(&packet), packet.len, &frame);
	reason = protocol_connect_decided(c, &frame, verdict, now);
	wipe(packet.text, packet.len);
	str_finish(&packet);
	if (reason != MQTT_SUCCESS)
		client_close(c, reason, now);
}

void client_output_drained(struct client *c, struct instant now)
{
	if (c->session != NULL && router_has_waiting(c->session))
		router_pump(c, now);
}

/* [v5 MQTT-3.1.2-22]: one and a half times the keep-alive */
static struct instant silent_until(const struct client *c)
{
	return instant_after(c->last_heard, milliseconds(c->keep_alive * 1500));
}

void client_watch_keep_alive(struct client *c, struct instant now)
{
	c->last_heard = now;
	timer_set(&c->shard->timers, &c->timer,
			c->keep_alive > 0 ? silent_until(c) : INSTANT_NEVER);
}

void client_timeout(struct client *c, struct instant now)
{
	if (c->bridge != NULL)
		bridge_timeout(c, now);
	else if (c->state == CLIENT_CONNECTED && !instant_reached(silent_until(c), now))
		timer_set(&c->shard->timers, &c->timer, silent_until(c));
	else
		client_close(c, MQTT_KEEP_ALIVE_TIMEOUT, now);
}
