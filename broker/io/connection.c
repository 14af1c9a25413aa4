/* SPDX-License-Identifier: MIT */
#include "broker/io/connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <utlist.h>

#include "broker/core/bridge.h"
#include "broker/io/address_limit.h"
#include "broker/io/handshake.h"
#include "broker/io/listener.h"
#include "broker/io/proxy_stream.h"
#include "broker/io/tls_stream.h"
#include "broker/io/websocket.h"
#include "common/mem.h"
#include "common/net.h"

enum {
	LINGER_SECONDS = 2,
	/* With more unsent output than this a client is not read from, until half of it is gone. */
	PAUSE_BYTES = 1024 * 1024,
	/* The start of a packet that is no larger has room for all of it at once. */
	MIN_INPUT = 1024,
};

static void on_ready(struct ev_loop *loop, ev_io *watcher, int events);

/* The streams of a new connection, from the bottom up. `tls` is NULL without TLS. */
static void stack_streams(struct connection *c, struct tls_context *tls, int fd)
{
	struct listener *l = c->listener;

	socket_stream_init(&c->socket, fd);
	c->stream = &c->socket.base;
	if (l != NULL && l->proxy.version != PROXY_NONE)
		c->stream = proxy_stream_create(c->stream, &l->proxy);
	if (tls != NULL)
		c->stream = tls_stream_create(c->stream, tls, reactor_tls_workspace(c->reactor));
	if (l != NULL && l->websocket != NULL)
		c->stream = websocket_create(c->stream, l->websocket);
	c->is_established = c->stream->is_open;
}

static struct connection *create(
		struct reactor *r, struct listener *listener, struct tls_context *tls, int fd)
{
	struct connection *c = xcalloc(1, sizeof(*c));
	socklen_t len = sizeof(c->peer);

	c->reactor = r;
	c->listener = listener;
	/* Now: when a handshake fails because the peer is gone, nobody knows it any more. */
	if (getpeername(fd, &c->peer.any, &len) < 0 || c->peer.any.sa_family == AF_UNIX)
		c->peer.any.sa_family = AF_UNIX;
	stack_streams(c, tls, fd);
	ev_io_init(&c->watcher, on_ready, fd, EV_READ);
	ev_io_start(r->loop, &c->watcher);
	c->next = r->connections;
	if (c->next != NULL)
		c->next->previous = c;
	r->connections = c;
	r->connection_count++;
	return c;
}

struct connection *connection_create(struct reactor *r, struct listener *listener, int fd)
{
	struct connection *c = create(r, listener, listener->tls, fd);

	c->client = client_create(r->shard, c, listener->policy, r->now);
	return c;
}

struct connection *connection_create_bridge(
		struct reactor *r, struct bridge *bridge, struct tls_context *tls, int fd)
{
	struct connection *c = create(r, NULL, tls, fd);

	c->client = bridge_open(bridge, c, r->now);
	return c;
}

/* It is not read from before connections_go_on() has come to it. */
static void become_busy(struct connection *c)
{
	if (c->is_busy)
		return;
	c->is_busy = true;
	DL_APPEND2(c->reactor->busy, c, previous_busy, next_busy);
}

static void stop_being_busy(struct connection *c)
{
	if (!c->is_busy)
		return;
	c->is_busy = false;
	DL_DELETE2(c->reactor->busy, c, previous_busy, next_busy);
}

void connection_destroy(struct connection *c)
{
	struct reactor *r = c->reactor;

	if (c->is_lingering)
		DL_DELETE2(r->lingering, c, previous_lingering, next_lingering);
	stop_being_busy(c);
	turns_leave(c);
	client_destroy(c->client, r->now);
	ev_io_stop(r->loop, &c->watcher);
	stream_destroy(c->stream);
	if (c->previous != NULL)
		c->previous->next = c->next;
	else
		r->connections = c->next;
	if (c->next != NULL)
		c->next->previous = c->previous;
	r->connection_count--;
	if (c->listener != NULL)
		c->listener->connections--;
	budget_forget_stranger(&r->shard->budget, &c->input.charged);
	free(c->input.bytes);
	free(c);
}

void connection_address(const struct connection *c, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret, &c->peer, sizeof(c->peer));
}

const char *connection_peer(const struct connection *c, char text[CONNECTION_PEER])
{
	struct sockaddr_storage address;

	connection_address(c, &address);
	return net_format_address(&address, text, CONNECTION_PEER);
}

/* Is there anything that the socket has not taken? Payload has to wait for the handshake. */
static bool has_unsent(const struct connection *c)
{
	return (c->client->output.bytes > 0 && c->stream->is_open) || stream_wants_write(c->stream);
}

static void watch(struct connection *c, int events)
{
	if ((c->watcher.events & (EV_READ | EV_WRITE)) == events)
		return;
	ev_io_stop(c->reactor->loop, &c->watcher);
	ev_io_set(&c->watcher, c->watcher.fd, events);
	if (events != 0)
		ev_io_start(c->reactor->loop, &c->watcher);
}

static void update_watch(struct connection *c, bool is_full)
{
	bool waits = c->is_paused || c->is_busy || c->client->state == CLIENT_WAITING ||
		     (!c->is_established && c->turn.queue != NULL);

	watch(c, (waits ? 0 : EV_READ) | (is_full ? EV_WRITE : 0));
}

/* --- receiving ------------------------------------------------------------------------------ */

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
		watch(c, 0); /* until connections_go_on(), or connection_decide() */
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
	watch(c, 0);
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

/* The peer has said good-bye, and all it said before is dealt with. */
static bool has_ended(const struct connection *c)
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
	if ((n <= 0 && n != -EAGAIN) || has_ended(c)) {
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
	update_watch(c, has_unsent(c));
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
	update_watch(c, has_unsent(c));
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
	stop_being_busy(c);
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

/* Nothing that comes matters any more, whatever it is wrapped in. */
static void discard(struct connection *c)
{
	ssize_t n = stream_receive(&c->socket.base, c->reactor->receive_buffer, RECEIVE_BUFFER);

	if (n <= 0 && n != -EAGAIN)
		connection_destroy(c);
}

static void on_ready(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct connection *c = container_of(watcher, struct connection, watcher);

	(void)loop;
	if (events & EV_WRITE)
		client_mark_dirty(c->client); /* sent with the others at the end of the turn */
	if (c->is_lingering)
		discard(c);
	else if (events & EV_READ && c->client->state != CLIENT_CLOSING && !c->is_busy)
		c->is_established ? receive(c) : wait_for_turn(c);
}

/* --- sending -------------------------------------------------------------------------------- */

/* One turn of the stream. Returns the bytes of the output that it took, or -errno. */
static ssize_t send_some(struct connection *c, size_t *ret_offered)
{
	struct span spans[STREAM_MAX_SPANS];
	size_t count = output_spans(&c->client->output, spans, STREAM_MAX_SPANS);

	*ret_offered = 0;
	for (size_t i = 0; i < count; i++)
		*ret_offered += spans[i].len;
	return stream_send(c->stream, spans, count);
}

/* True while the connection is alive. */
static bool send_all(struct connection *c)
{
	struct client *client = c->client;

	while (has_unsent(c)) {
		size_t offered;
		ssize_t n = send_some(c, &offered);

		if (n == -EAGAIN)
			return true;
		if (n < 0)
			return false;
		c->reactor->shard->counters.bytes_sent += (uint64_t)n;
		output_consume(&client->output, &c->reactor->shard->chunks, (size_t)n);
		if ((size_t)n < offered || stream_wants_write(c->stream))
			return true; /* the socket is full: asking again would only say so */
	}
	return true;
}

static void start_lingering(struct connection *c)
{
	struct reactor *r = c->reactor;

	c->is_lingering = true;
	c->linger_until = instant_after(r->now, seconds(LINGER_SECONDS));
	DL_APPEND2(r->lingering, c, previous_lingering, next_lingering);
}

/* The core is done with this connection: what is left is to have the last bytes taken. */
static void flush_closing(struct connection *c)
{
	bool is_full = has_unsent(c);

	if (!c->is_lingering) {
		turns_leave(c);
		if (c->client->close_reason == MQTT_KEEP_ALIVE_TIMEOUT)
			handshake_report(c, -ETIMEDOUT);
		start_lingering(c);
	}
	if (!is_full && !c->is_shut_down) {
		c->is_shut_down = true;
		stream_shutdown(c->stream);
	}
	watch(c, EV_READ | (is_full ? EV_WRITE : 0));
}

void connection_flush(struct connection *c)
{
	struct client *client = c->client;
	bool is_full;

	if (!send_all(c)) {
		connection_destroy(c);
		return;
	}
	if (client->state == CLIENT_CLOSING) {
		flush_closing(c);
		return;
	}
	if (has_ended(c)) {
		connection_destroy(c);
		return;
	}
	is_full = has_unsent(c);
	if (!is_full)
		client_output_drained(client, c->reactor->now);
	if (client->output.bytes > PAUSE_BYTES)
		c->is_paused = true;
	else if (client->output.bytes < PAUSE_BYTES / 2)
		c->is_paused = false;
	update_watch(c, is_full);
}

struct instant connection_linger_deadline(const struct reactor *r)
{
	return r->lingering != NULL ? r->lingering->linger_until : INSTANT_NEVER;
}

void connection_end_lingering(struct reactor *r)
{
	const struct work *work = &r->shard->work;
	uint64_t enough = work->done + WORK_SHARE;

	while (r->lingering != NULL && instant_reached(r->lingering->linger_until, r->now) &&
			work->done < enough)
		connection_destroy(r->lingering);
}
