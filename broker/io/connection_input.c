/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <utlist.h>

#include "broker/io/address_limit.h"
#include "broker/io/connection_parts.h"
#include "broker/io/handshake.h"
#include "broker/io/proxy_stream.h"
#include "common/mem.h"

/* The start of a packet that is no larger has room for all of it at once. */
enum { MIN_INPUT = 1024 };

/* It is not read from before connections_go_on() has come to it. */
static void become_busy(struct connection *c)
{
	if (c->is_busy)
		return;
	c->is_busy = true;
	DL_APPEND2(c->reactor->busy, c, previous_busy, next_busy);
}

void connection_stop_being_busy(struct connection *c)
{
	if (!c->is_busy)
		return;
	c->is_busy = false;
	DL_DELETE2(c->reactor->busy, c, previous_busy, next_busy);
}

/* --- what the client has not dealt with ------------------------------------------------------ */

static struct span input_span(const struct input *in)
{
	return span_of(in->bytes + in->start, in->end - in->start);
}

static bool is_stranger(const struct connection *c)
{
	return c->client->state == CLIENT_NEW || c->client->state == CLIENT_WAITING;
}

/*
 * Room for `size` bytes of input, those included that are there. Without it the connection ends:
 * strangers hold too much together.
 */
static bool make_room(struct connection *c, size_t size)
{
	struct input *in = &c->input;

	if (in->start > 0) {
		memmove(in->bytes, in->bytes + in->start, in->end - in->start);
		in->end -= in->start;
		in->start = 0;
	}
	if (size <= in->capacity)
		return true;
	if (is_stranger(c) &&
			!budget_take_stranger(&c->reactor->shard->budget, &in->charged, size)) {
		c->reactor->shard->counters.connects_refused++;
		client_close(c->client, MQTT_SERVER_BUSY, c->reactor->now);
		return false;
	}
	in->bytes = xrealloc(in->bytes, size);
	in->capacity = (uint32_t)size;
	return true;
}

/* A large packet's room doubles as the packet really comes: a length alone buys no memory. */
static void keep(struct connection *c, struct span bytes)
{
	struct input *in = &c->input;
	size_t size = in->end - in->start + bytes.len;

	if (bytes.len == 0)
		return;
	if (in->wanted > size)
		size = in->wanted < 2 * size || in->wanted <= MIN_INPUT ? in->wanted : 2 * size;
	if (!make_room(c, size))
		return;
	memcpy(in->bytes + in->end, bytes.data, bytes.len);
	in->end += (uint32_t)bytes.len;
}

/* Let the client deal with input; returns how much of it is dealt with. */
static size_t process(struct connection *c, struct span input)
{
	struct client_progress p = client_receive(c->client, input, c->reactor->now);

	c->input.wanted = (uint32_t)p.wanted;
	if (p.has_more)
		become_busy(c);
	if (c->is_busy || c->client->state == CLIENT_WAITING)
		connection_watch(c, 0); /* until connections_go_on(), or connection_decide() */
	if (!is_stranger(c))
		budget_forget_stranger(&c->reactor->shard->budget, &c->input.charged);
	return p.consumed;
}

static void process_kept(struct connection *c)
{
	struct input *in = &c->input;

	in->start += (uint32_t)process(c, input_span(in));
	if (in->start < in->end)
		return;
	free(in->bytes);
	*in = (struct input){ .charged = in->charged };
}

/*
 * Input that came new, while some may be kept: of it only the packet that has begun is put
 * together with what is kept, the others are dealt with where they are.
 */
static void take_input(struct connection *c, struct span bytes)
{
	const struct input *in = &c->input;

	while (in->bytes != NULL && bytes.len > 0 && !c->is_busy &&
			c->client->state != CLIENT_WAITING) {
		size_t have = in->end - in->start;
		size_t missing = in->wanted > have ? in->wanted - have : MAX_FIXED_HEADER;

		keep(c, span_first(bytes, missing));
		bytes = span_from(bytes, missing);
		process_kept(c);
	}
	if (in->bytes == NULL)
		bytes = span_from(bytes, process(c, bytes));
	keep(c, bytes);
}

void connection_decide(struct connection *c, enum verdict verdict)
{
	client_decide(c->client, verdict, c->reactor->now);
	client_mark_dirty(c->client); /* connection_flush() reads on */
	if (c->input.bytes != NULL)
		process_kept(c);
}

/* --- receiving ------------------------------------------------------------------------------ */

/*
 * A proxy that has said who the client is stands for him from then on. False when his address has
 * opened too many connections.
 */
static bool take_address(struct connection *c)
{
	const struct stream *proxy = stream_find(c->stream, &proxy_stream_class);
	const struct sockaddr_storage *source = proxy != NULL ? proxy_stream_source(proxy) : NULL;

	if (c->is_introduced || source == NULL || source->ss_family == AF_UNSPEC)
		return true;
	c->is_introduced = true;
	memcpy(&c->peer, source, sizeof(c->peer));
	return c->reactor->limit == NULL ||
	       address_limit_connect(c->reactor->limit, source, c->reactor->now);
}

/*
 * A stream that failed has told the peer why, who is given the time to read that. Else: the end
 * of a client may be much work: a will for many, subscriptions without number.
 */
static void end(struct connection *c, ssize_t error)
{
	if (error == -EPROTO) {
		client_close(c->client, MQTT_PROTOCOL_ERROR, c->reactor->now);
		return;
	}
	if (!work_turn_is_long(&c->reactor->shard->work)) {
		connection_destroy(c);
		return;
	}
	c->is_gone = true;
	become_busy(c);
	connection_watch(c, 0);
}

static ssize_t receive_some(struct connection *c)
{
	ssize_t n = stream_receive(c->stream, c->reactor->receive_buffer, RECEIVE_BUFFER);

	if (unlikely(!c->is_established)) {
		if (!take_address(c))
			return -ECONNREFUSED;
		if (c->stream->is_open) {
			c->is_established = true;
			client_mark_dirty(c->client); /* a bridge's CONNECT waits for that */
			handshake_done(c);
		}
	}
	return n;
}

bool connection_has_ended(const struct connection *c)
{
	return stream_has_ended(c->stream) && !c->is_busy && c->client->state != CLIENT_WAITING;
}

static void receive(struct connection *c)
{
	struct reactor *r = c->reactor;
	ssize_t n = receive_some(c);

	if (stream_wants_write(c->stream))
		client_mark_dirty(c->client); /* an answer of its own that did not get out whole */
	if (n > 0)
		take_input(c, span_of(r->receive_buffer, (size_t)n));
	if ((n <= 0 && n != -EAGAIN) || connection_has_ended(c)) {
		handshake_report(c, n);
		end(c, n);
		reactor_count_turn(r);
	} else if (n > 0) {
		reactor_count_turn(r); /* `c` may be gone now */
	}
}

static void wait_for_turn(struct connection *c)
{
	turns_wait(c, handshake_has_begun(c));
	client_hold(c->client);
	connection_update_watch(c, connection_has_unsent(c));
}

void connection_take_turn(struct connection *c, struct duration waited)
{
	if (c->is_to_be_checked) {
		c->is_to_be_checked = false;
		handshake_check_again(c);
	}
	if (c->is_established)
		return;
	client_release(c->client, waited);
	connection_update_watch(c, connection_has_unsent(c));
	receive(c);
}

void connection_check_again(struct connection *c)
{
	if (!c->is_established || c->client->state == CLIENT_CLOSING)
		return;
	c->is_to_be_checked = true;
	turns_wait(c, true);
}

static void go_on(struct connection *c)
{
	connection_stop_being_busy(c);
	if (c->is_gone) {
		connection_destroy(c);
		return;
	}
	client_mark_dirty(c->client); /* connection_flush() reads on */
	if (c->client->state != CLIENT_CLOSING)
		process_kept(c);
}

void connections_go_on(struct reactor *r)
{
	const struct connection *last;
	bool is_last;

	if (r->busy == NULL)
		return;
	last = r->busy->previous_busy; /* utlist: of the first one, the last */
	do {
		is_last = r->busy == last;
		go_on(r->busy);
	} while (!is_last && !work_turn_is_long(&r->shard->work));
}

void connection_receive(struct connection *c)
{
	c->is_established ? receive(c) : wait_for_turn(c);
}
