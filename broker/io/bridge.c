/* SPDX-License-Identifier: MIT */
#include "broker/io/bridge.h"

#include "broker/io/connection.h"
#include "broker/io/dial.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/mem.h"

enum link_state { LINK_RESTING, LINK_DIALLING, LINK_LINKED };

enum {
	PRIMARY_SECONDS = 30, /* between two looks whether the first address is there again */
	IDLE_CHECKS = 4,      /* of a lazy bridge in its idle_timeout */
};

struct bridge_link {
	struct reactor *reactor; /* borrowed */
	struct bridge_link_options options;
	struct bridge *bridge;	       /* owned */
	struct connection *connection; /* the reactor's; NULL unless LINKED */
	enum link_state state;
	struct jitter restart;
	struct dial dial;
	struct dial probe; /* of the first address, while another one serves */
	int probed;	   /* what it found, taken by the next on_timer(); -1: nothing */
	ev_timer timer;	   /* the next thing to do in this state */
	size_t address;	   /* the one that is tried, or serves */
	size_t tried;	   /* addresses, since there was a connection */
	bool was_up;	   /* this connection */
	bool is_destroyed;
};

static const struct bridge_address *address_of(const struct bridge_link *l)
{
	return &l->options.addresses[l->address];
}

static const char *name_of(const struct bridge_link *l)
{
	return l->options.core.name;
}

static void plan(struct bridge_link *l, double seconds)
{
	ev_timer_stop(l->reactor->loop, &l->timer);
	ev_timer_set(&l->timer, seconds, 0.);
	ev_timer_start(l->reactor->loop, &l->timer);
}

static struct dial_place place_of(const struct bridge_link *l, const struct bridge_address *a)
{
	return (struct dial_place){ .host = a->host,
		.port = a->port,
		.bind_address = l->options.bind_address,
		.user_timeout = l->options.tcp_user_timeout };
}

/* --- resting -------------------------------------------------------------------------------- */

static void rest(struct bridge_link *l)
{
	const struct bridge_link_options *o = &l->options;
	struct duration wait;

	l->state = LINK_RESTING;
	l->tried = 0;
	if (o->start == START_ONCE) {
		log_notice("Bridge %s is not started again (start_type once)", name_of(l));
		return;
	}
	if (o->start == START_LAZY && bridge_waiting(l->bridge) < o->core.threshold)
		return; /* on_wanted() */
	wait = jitter_wait(&l->restart, hash_seed());
	log_info("Bridge %s: the next attempt is in %.1f s", name_of(l), duration_seconds(wait));
	plan(l, duration_seconds(wait));
}

static void on_wanted(void *owner)
{
	struct bridge_link *l = owner;

	if (l->state == LINK_RESTING && !ev_is_active(&l->timer))
		plan(l, 0.);
}

/* --- dialling ------------------------------------------------------------------------------- */

static void dial(struct bridge_link *l)
{
	const struct bridge_address *a = address_of(l);
	struct dial_place place = place_of(l, a);

	l->state = LINK_DIALLING;
	l->was_up = false;
	log_info("Bridge %s: connecting to %s:%u", name_of(l), a->host, a->port);
	dial_start(&l->dial, &place);
}

/* The next address at once, but when all have been tried only after a rest. */
static void try_next(struct bridge_link *l)
{
	size_t count = l->options.address_count;

	l->address = (l->address + 1) % count;
	if (++l->tried < count) {
		l->state = LINK_RESTING;
		plan(l, 0.);
		return;
	}
	if (!l->options.round_robin)
		l->address = 0;
	rest(l);
}

static void link_up(struct bridge_link *l, int fd)
{
	l->state = LINK_LINKED;
	l->connection = connection_create_bridge(l->reactor, l->bridge, address_of(l)->tls, fd);
}

static void on_dialled(void *owner, int fd, const char *why)
{
	struct bridge_link *l = owner;
	const struct bridge_address *a = address_of(l);

	if (fd >= 0) {
		link_up(l, fd);
		return;
	}
	log_notice("Bridge %s: no connection to %s:%u: %s", name_of(l), a->host, a->port, why);
	try_next(l);
}

/* --- linked --------------------------------------------------------------------------------- */

static void on_up(void *owner, bool session_present)
{
	struct bridge_link *l = owner;
	const struct bridge_address *a = address_of(l);

	log_notice("Bridge %s is up: connected to %s:%u as %s%s", name_of(l), a->host, a->port,
			l->options.core.remote_client_id,
			session_present ? ", session present" : "");
	jitter_reset(&l->restart);
	l->was_up = true;
	l->tried = 0;
	if (l->options.start == START_LAZY)
		plan(l, duration_seconds(l->options.idle_timeout) / IDLE_CHECKS);
	else if (l->address > 0 && !l->options.round_robin)
		plan(l, PRIMARY_SECONDS);
}

/* What a stream of the connection, TLS for one, has to say about its end; else `text`. */
static const char *why(const struct bridge_link *l, const char *text)
{
	const struct stream *s = l->connection != NULL ? l->connection->stream : NULL;

	while (s != NULL && s->failure == NULL)
		s = s->below;
	return s != NULL ? s->failure : text;
}

static void log_end(const struct bridge_link *l, enum bridge_end how, enum mqtt_reason reason)
{
	const struct bridge_address *a = address_of(l);
	const char *text = mqtt_reason_text(reason);

	switch (how) {
	case BRIDGE_REFUSED:
		log_notice("Bridge %s: %s:%u refuses it: %s", name_of(l), a->host, a->port, text);
		break;
	case BRIDGE_DISCONNECTED:
		log_notice("Bridge %s is down: %s:%u has disconnected: %s", name_of(l), a->host,
				a->port, text);
		break;
	case BRIDGE_CLOSED:
		if (reason == MQTT_NORMAL_DISCONNECTION)
			text = "by this broker";
		log_notice("Bridge %s is down: %s:%u: closed: %s", name_of(l), a->host, a->port,
				why(l, text));
		break;
	case BRIDGE_LOST:
		log_notice("Bridge %s is down: %s:%u: %s", name_of(l), a->host, a->port,
				why(l, "the connection was lost"));
		break;
	}
}

/* Called in the middle of things: what follows has its turn on the loop. */
static void on_down(void *owner, enum bridge_end how, enum mqtt_reason reason)
{
	struct bridge_link *l = owner;

	log_end(l, how, reason);
	ev_timer_stop(l->reactor->loop, &l->timer);
	dial_cancel(&l->probe);
	l->connection = NULL;
	if (l->is_destroyed)
		return;
	if (l->probed >= 0) {
		l->state = LINK_RESTING;
		l->address = 0;
		plan(l, 0.);
	} else if (!l->was_up) {
		try_next(l);
	} else {
		l->address = l->options.round_robin ? (l->address + 1) % l->options.address_count
						    : 0;
		rest(l);
	}
}

static void on_refused_topic(void *owner, struct span filter, enum mqtt_reason reason)
{
	struct bridge_link *l = owner;

	log_warn("Bridge %s: the other broker refuses topic %.*s: %s", name_of(l),
			SPAN_ARGS(filter), mqtt_reason_text(reason));
}

static void check_idle(struct bridge_link *l)
{
	struct instant now = l->reactor->now;
	struct instant until = instant_after(l->bridge->last_message, l->options.idle_timeout);

	if (bridge_is_idle(l->bridge) && instant_reached(until, now))
		bridge_close(l->bridge, now);
	else
		plan(l, duration_seconds(l->options.idle_timeout) / IDLE_CHECKS);
}

/* Is the first address there again? */
static void start_probe(struct bridge_link *l)
{
	struct dial_place place = place_of(l, &l->options.addresses[0]);

	dial_start(&l->probe, &place);
}

static void on_probed(void *owner, int fd, const char *why)
{
	struct bridge_link *l = owner;

	(void)why;
	if (fd < 0) {
		plan(l, PRIMARY_SECONDS);
		return;
	}
	log_notice("Bridge %s returns to %s:%u", name_of(l), l->options.addresses[0].host,
			l->options.addresses[0].port);
	l->probed = fd;
	bridge_close(l->bridge, l->reactor->now);
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct bridge_link *l = watcher->data;
	int fd = l->probed;

	(void)loop;
	(void)events;
	l->probed = -1;
	if (l->state == LINK_LINKED && l->options.start == START_LAZY)
		check_idle(l);
	else if (l->state == LINK_LINKED)
		start_probe(l);
	else if (fd >= 0)
		link_up(l, fd);
	else
		dial(l);
}

/* --- life ----------------------------------------------------------------------------------- */

struct bridge_link *bridge_link_create(struct reactor *r, struct worker *worker,
		const struct bridge_link_options *options, struct policy *policy)
{
	struct bridge_link *l = xcalloc(1, sizeof(*l));
	struct bridge_port port = { .owner = l,
		.up = on_up,
		.down = on_down,
		.refused_topic = on_refused_topic,
		.wanted = on_wanted };

	l->reactor = r;
	l->options = *options;
	l->restart = options->restart;
	l->probed = -1;
	l->dial = (struct dial){ r->loop, worker, l, on_dialled, { 0 }, NULL, { 0 }, { 0 }, -1 };
	l->probe = (struct dial){ r->loop, worker, l, on_probed, { 0 }, NULL, { 0 }, { 0 }, -1 };
	ev_timer_init(&l->timer, on_timer, 0., 0.);
	l->timer.data = l;
	l->bridge = bridge_create(r->shard, &l->options.core, &port, policy, r->now);
	if (options->start != START_LAZY)
		plan(l, 0.);
	else if (bridge_waiting(l->bridge) >= options->core.threshold)
		plan(l, 0.);
	return l;
}

void bridge_link_change_policy(struct bridge_link *l, struct policy *policy)
{
	bridge_change_policy(l->bridge, policy);
}

void bridge_link_destroy(struct bridge_link *l, bool ends_session)
{
	if (l == NULL)
		return;
	l->is_destroyed = true;
	dial_cancel(&l->dial);
	dial_cancel(&l->probe);
	bridge_destroy(l->bridge, ends_session, l->reactor->now);
	ev_timer_stop(l->reactor->loop, &l->timer);
	if (l->probed >= 0)
		close(l->probed);
	free(l);
}
