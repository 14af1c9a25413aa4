/* SPDX-License-Identifier: MIT */
#include "broker/io/connection.h"

#include <errno.h>
#include <sys/socket.h>

#include "broker/io/listener.h"
#include "common/mem.h"
#include "common/net.h"

enum {
	LINGER_SECONDS = 2,
	/* With more unsent output than this a client is not read from, until half of it is gone. */
	PAUSE_BYTES = 1024 * 1024,
	/* A packet at least this large is received into a buffer of its own. */
	LARGE_PACKET = RECEIVE_BUFFER / 4,
};

static void on_ready(struct ev_loop *loop, ev_io *watcher, int events);

struct connection *connection_create(struct reactor *r, struct listener *listener, int fd)
{
	struct connection *c = xcalloc(1, sizeof(*c));

	c->reactor = r;
	c->listener = listener;
	socket_stream_init(&c->socket, fd);
	c->stream = &c->socket.base;
	c->client = client_create(r->shard, c, listener->policy, r->now);
	ev_io_init(&c->watcher, on_ready, fd, EV_READ);
	ev_io_start(r->loop, &c->watcher);
	c->next = r->connections;
	if (c->next != NULL)
		c->next->previous = c;
	r->connections = c;
	r->connection_count++;
	return c;
}

static void stop_lingering(struct connection *c)
{
	struct reactor *r = c->reactor;
	struct connection **link = &r->lingering;

	if (!c->is_lingering)
		return;
	while (*link != c)
		link = &(*link)->next_lingering;
	*link = c->next_lingering;
	if (r->lingering_end == &c->next_lingering)
		r->lingering_end = link;
}

void connection_destroy(struct connection *c)
{
	struct reactor *r = c->reactor;

	stop_lingering(c);
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
	free(c->partial);
	free(c);
}

const char *connection_peer(const struct connection *c, char text[CONNECTION_PEER])
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (getpeername(c->socket.fd, (struct sockaddr *)&address, &len) < 0)
		return "unknown";
	return net_format_address(&address, text, CONNECTION_PEER);
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

/* --- receiving ------------------------------------------------------------------------------ */

static void keep_partial(struct connection *c, struct span rest, size_t wanted)
{
	size_t room = wanted > LARGE_PACKET ? LARGE_PACKET : rest.len;

	if (rest.len == 0) {
		free(c->partial);
		c->partial = NULL;
		c->partial_len = c->partial_capacity = 0;
		return;
	}
	if (room < rest.len)
		room = rest.len;
	if (rest.data != c->partial && room > c->partial_capacity) {
		c->partial = xrealloc(c->partial, room);
		c->partial_capacity = (uint32_t)room;
	}
	memmove(c->partial, rest.data, rest.len);
	c->partial_len = (uint32_t)rest.len;
}

static void process(struct connection *c, struct span input)
{
	struct client_progress p = client_receive(c->client, input, c->reactor->now);

	keep_partial(c, span_from(input, p.consumed), p.wanted);
	if (c->client->state == CLIENT_WAITING)
		watch(c, 0); /* until connection_decide() */
}

void connection_decide(struct connection *c, enum verdict verdict)
{
	client_decide(c->client, verdict, c->reactor->now);
	client_mark_dirty(c->client); /* connection_flush() reads on */
	if (c->partial_len > 0)
		process(c, span_of(c->partial, c->partial_len));
}

/*
 * A large packet grows in a buffer of its own, which doubles as the packet really comes: a length
 * alone buys no memory.
 */
static ssize_t receive_large(struct connection *c)
{
	ssize_t n;

	if (c->partial_capacity - c->partial_len < STREAM_MIN_RECEIVE) {
		c->partial_capacity *= 2;
		c->partial = xrealloc(c->partial, c->partial_capacity);
	}
	n = stream_receive(c->stream, c->partial + c->partial_len,
			c->partial_capacity - c->partial_len);
	if (n > 0) {
		c->partial_len += (uint32_t)n;
		process(c, span_of(c->partial, c->partial_len));
	}
	return n;
}

static ssize_t receive_shared(struct connection *c)
{
	uint8_t *buffer = c->reactor->receive_buffer;
	size_t before = c->partial_len;
	ssize_t n;

	if (before > 0)
		memcpy(buffer, c->partial, before);
	n = stream_receive(c->stream, buffer + before, RECEIVE_BUFFER - before);
	if (n > 0)
		process(c, span_of(buffer, before + (size_t)n));
	return n;
}

static void receive(struct connection *c)
{
	ssize_t n = c->partial_len >= LARGE_PACKET ? receive_large(c) : receive_shared(c);

	if (n <= 0 && n != -EAGAIN) {
		connection_destroy(c);
		return;
	}
	if (stream_wants_write(c->stream))
		client_mark_dirty(c->client); /* an answer of its own that did not get out whole */
	if (n > 0)
		reactor_count_turn(c->reactor); /* `c` may be gone now */
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
	else if (events & EV_READ && c->client->state != CLIENT_CLOSING)
		receive(c);
}

/* --- sending -------------------------------------------------------------------------------- */

/* Is there anything that the socket has not taken? */
static bool has_unsent(const struct connection *c)
{
	return c->client->output.bytes > 0 || stream_wants_write(c->stream);
}

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
	*r->lingering_end = c;
	r->lingering_end = &c->next_lingering;
}

/* The core is done with this connection: what is left is to have the last bytes taken. */
static void flush_closing(struct connection *c)
{
	bool is_full = has_unsent(c);

	if (!c->is_lingering)
		start_lingering(c);
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
	is_full = has_unsent(c);
	if (!is_full)
		client_output_drained(client, c->reactor->now);
	if (client->output.bytes > PAUSE_BYTES)
		c->is_paused = true;
	else if (client->output.bytes < PAUSE_BYTES / 2)
		c->is_paused = false;
	watch(c, (c->is_paused || client->state == CLIENT_WAITING ? 0 : EV_READ) |
					(is_full ? EV_WRITE : 0));
}

struct instant connection_linger_deadline(const struct reactor *r)
{
	return r->lingering != NULL ? r->lingering->linger_until : INSTANT_NEVER;
}

void connection_end_lingering(struct reactor *r)
{
	while (r->lingering != NULL && instant_reached(r->lingering->linger_until, r->now))
		connection_destroy(r->lingering);
}
