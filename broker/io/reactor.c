/* SPDX-License-Identifier: MIT */
#include "broker/io/reactor.h"

#include "broker/core/lifecycle.h"
#include "broker/io/connection.h"
#include "broker/io/tls_stream.h"
#include "common/mem.h"

/* Output that routing, timers or sending itself have produced; ends when nothing is left. */
static void send_output(struct reactor *r)
{
	struct client *c;

	r->turn = 0;
	while ((c = shard_next_dirty(r->shard)) != NULL)
		connection_flush(c->connection);
}

static struct instant next_deadline(const struct reactor *r)
{
	return instant_earlier(shard_next_deadline(r->shard), connection_linger_deadline(r));
}

static void plan_timer(struct reactor *r)
{
	struct instant next = next_deadline(r);
	double wait;

	if (next.ns == INSTANT_NEVER.ns) {
		ev_timer_stop(r->loop, &r->timer);
		return;
	}
	wait = duration_seconds(instant_between(r->now, next));
	r->timer.repeat = wait > 0.001 ? wait : 0.001;
	ev_timer_again(r->loop, &r->timer);
}

static void plan_idle(struct reactor *r)
{
	if (r->busy != NULL || turns_next(&r->turns) != NULL || shard_has_work(r->shard) ||
			instant_reached(next_deadline(r), r->now))
		ev_idle_start(r->loop, &r->idle);
	else
		ev_idle_stop(r->loop, &r->idle);
}

static void on_idle(struct ev_loop *loop, ev_idle *watcher, int events)
{
	(void)loop;
	(void)watcher;
	(void)events; /* that the loop does not sleep is all: on_prepare does the work */
}

static void on_prepare(struct ev_loop *loop, ev_prepare *watcher, int events)
{
	struct reactor *r = watcher->data;

	(void)loop;
	(void)events;
	if (instant_reached(shard_next_deadline(r->shard), r->now))
		shard_run_timers(r->shard, r->now);
	connection_end_lingering(r);
	connections_go_on(r);
	shard_work(r->shard, r->now);
	turns_run(r);
	if (r->end_of_turn.run != NULL)
		r->end_of_turn.run(r->end_of_turn.owner);
	send_output(r);
	plan_timer(r);
	plan_idle(r);
}

static void on_check(struct ev_loop *loop, ev_check *watcher, int events)
{
	struct reactor *r = watcher->data;

	(void)loop;
	(void)events;
	r->now = instant_now();
	work_begin_turn(&r->shard->work);
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop;
	(void)watcher;
	(void)events; /* the wake-up is all: on_prepare does the work */
}

void reactor_init(struct reactor *r, struct shard *shard)
{
	*r = (struct reactor){ .shard = shard, .now = instant_now() };
	r->loop = ev_loop_new(EVFLAG_AUTO);
	if (r->loop == NULL)
		abort();
	r->receive_buffer = xmalloc(RECEIVE_BUFFER);
	ev_prepare_init(&r->prepare, on_prepare);
	r->prepare.data = r;
	ev_prepare_start(r->loop, &r->prepare);
	ev_check_init(&r->check, on_check);
	r->check.data = r;
	ev_set_priority(&r->check, EV_MAXPRI); /* the time is known before any socket is read */
	ev_check_start(r->loop, &r->check);
	ev_timer_init(&r->timer, on_timer, 0., 0.);
	ev_idle_init(&r->idle, on_idle);
}

void reactor_finish(struct reactor *r)
{
	if (r->loop == NULL)
		return;
	while (r->connections != NULL)
		connection_destroy(r->connections);
	ev_loop_destroy(r->loop);
	free(r->receive_buffer);
	tls_workspace_destroy(r->tls);
	*r = (struct reactor){ 0 };
}

void reactor_run(struct reactor *r)
{
	ev_run(r->loop, 0);
}

void reactor_stop(struct reactor *r)
{
	ev_break(r->loop, EVBREAK_ALL);
}

struct tls_workspace *reactor_tls_workspace(struct reactor *r)
{
	if (r->tls == NULL)
		r->tls = tls_workspace_create();
	return r->tls;
}

void reactor_count_turn(struct reactor *r)
{
	if (++r->turn >= MAX_TURN)
		send_output(r);
}

void reactor_change_policy(struct reactor *r, struct policy *old, struct policy *new)
{
	lifecycle_change_policy(r->shard, old, new);
	for (struct connection *c = r->connections; c != NULL; c = c->next) {
		if (c->client->policy == old) /* before its CONNECT */
			client_change_policy(c->client, new);
	}
}

void reactor_dismiss(struct reactor *r)
{
	lifecycle_dismiss(r->shard, r->now);
}

void reactor_shut_down(struct reactor *r)
{
	for (struct connection *c = r->connections; c != NULL; c = c->next)
		client_close(c->client, MQTT_SERVER_SHUTTING_DOWN, r->now);
	send_output(r);
}
