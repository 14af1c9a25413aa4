/* SPDX-License-Identifier: MIT */
#include "broker/io/connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <utlist.h>

#include "broker/core/bridge.h"
#include "broker/io/connection_parts.h"
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

void connection_destroy(struct connection *c)
{
	struct reactor *r = c->reactor;

	if (c->is_lingering)
		DL_DELETE2(r->lingering, c, previous_lingering, next_lingering);
	connection_stop_being_busy(c);
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

/* Payload has to wait for the handshake. */
bool connection_has_unsent(const struct connection *c)
{
	return (c->client->output.bytes > 0 && c->stream->is_open) || stream_wants_write(c->stream);
}

void connection_watch(struct connection *c, int events)
{
	if ((c->watcher.events & (EV_READ | EV_WRITE)) == events)
		return;
	ev_io_stop(c->reactor->loop, &c->watcher);
	ev_io_set(&c->watcher, c->watcher.fd, events);
	if (events != 0)
		ev_io_start(c->reactor->loop, &c->watcher);
}

void connection_update_watch(struct connection *c, bool is_full)
{
	bool waits = c->is_paused || c->is_busy || c->client->state == CLIENT_WAITING ||
		     (!c->is_established && c->turn.queue != NULL);

	connection_watch(c, (waits ? 0 : EV_READ) | (is_full ? EV_WRITE : 0));
}

/* --- sockets that are ready ----------------------------------------------------------------- */

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
		connection_receive(c);
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

	while (connection_has_unsent(c)) {
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
	bool is_full = connection_has_unsent(c);

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
	connection_watch(c, EV_READ | (is_full ? EV_WRITE : 0));
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
	if (connection_has_ended(c)) {
		connection_destroy(c);
		return;
	}
	is_full = connection_has_unsent(c);
	if (!is_full)
		client_output_drained(client, c->reactor->now);
	if (client->output.bytes > PAUSE_BYTES)
		c->is_paused = true;
	else if (client->output.bytes < PAUSE_BYTES / 2)
		c->is_paused = false;
	connection_update_watch(c, is_full);
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
