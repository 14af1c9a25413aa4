/* SPDX-License-Identifier: MIT */
/*
 * The broker's core, driven as broker/io drives it, but for the sockets and the clock.
 */
#include "broker/config.h"
#include "broker/core/acl_parse.h"
#include "broker/core/lifecycle.h"
#include "common/mem.h"
#include "tests/conversations/peer.h"

/* Behind so many bytes they come in larger pieces: each is looked at with all that came before. */
enum { MANY_BYTES = 2048, LARGER_PIECE = 1021 };

struct core_carrier {
	struct carrier carrier;
	struct config config;
	struct shard *shard;
	struct instant now;
	struct policy *policy;
	bool drip;
};

/* One connection: what a socket would hold. */
struct line {
	struct client *client;
	struct peer *peer;
	struct str unread; /* sent by the client, not yet consumed by the core */
};

static struct core_carrier *core_of(struct carrier *c)
{
	return container_of(c, struct core_carrier, carrier);
}

static bool load_acl(struct policy *policy, struct span text, struct str *problem)
{
	struct settings_report report = { 0 };
	struct acl *acl = acl_parse(text, "acl", 42, &report);

	str_append(problem, span_trim(str_span(&report.text)));
	str_finish(&report.text);
	policy_set_acl(policy, acl);
	acl_unref(acl);
	return acl != NULL;
}

static bool core_reload_acl(struct carrier *c, struct span acl, struct str *problem)
{
	struct core_carrier *core = core_of(c);
	struct policy *fresh = config_policy(&core->config, &core->config.first);

	fresh->allow_anonymous = core->policy->allow_anonymous;
	if (!load_acl(fresh, acl, problem)) {
		policy_unref(fresh);
		return false;
	}
	lifecycle_change_policy(core->shard, core->policy, fresh);
	lifecycle_dismiss(core->shard, core->now);
	policy_unref(core->policy);
	core->policy = fresh;
	return true;
}

static bool core_start(struct carrier *c, const struct script *s, struct str *problem)
{
	struct core_carrier *core = core_of(c);
	struct settings_grammar grammar = config_grammar(&core->config);
	struct settings_report report = { 0 };

	settings_init(grammar.global.table, &core->config);
	settings_parse(str_span(&s->settings), "limit", &grammar, &core->config, &report);
	str_append(problem, span_trim(str_span(&report.text)));
	str_finish(&report.text);
	core->policy = config_policy(&core->config, &core->config.first);
	core->policy->allow_anonymous = s->is_anonymous;
	core->now = (struct instant){ 1000000000000 };
	core->shard = shard_create(&core->config.limits, NULL, 42, 43);
	return report.errors == 0 &&
	       (!s->has_acl || load_acl(core->policy, str_span(&s->acl), problem));
}

static void hang_up(struct core_carrier *core, struct peer *p)
{
	struct line *line = p->handle;

	if (line == NULL)
		return;
	p->handle = NULL;
	client_destroy(line->client, core->now);
	str_finish(&line->unread);
	free(line);
}

/* Everything in the output reaches the peer, in as many pieces as a socket might take. */
static void deliver(struct core_carrier *core, struct client *client, struct peer *p)
{
	while (client->output.bytes > 0) {
		struct span spans[4];
		size_t n = output_spans(&client->output, spans, core->drip ? 1 : 4), sent = 0;

		for (size_t i = 0; i < n; i++) {
			struct span piece = core->drip ? span_first(spans[i], 1) : spans[i];

			str_append(&p->received, piece);
			sent += piece.len;
		}
		output_consume(&client->output, &core->shard->chunks, sent);
	}
}

/* Send what there is to send. */
static void send_output(struct core_carrier *core)
{
	struct client *client;

	while ((client = shard_next_dirty(core->shard)) != NULL) {
		struct line *line = client->connection;
		struct peer *p = line->peer;

		deliver(core, client, p);
		if (client->state == CLIENT_CLOSING) {
			p->closed = true;
			hang_up(core, p);
		} else {
			client_output_drained(client, core->now);
		}
	}
}

/* The end of a turn of the event loop, and further turns while work was put off. */
static void flush(struct core_carrier *core)
{
	send_output(core);
	while (shard_has_work(core->shard)) {
		work_begin_turn(&core->shard->work);
		shard_work(core->shard, core->now);
		send_output(core);
	}
	work_begin_turn(&core->shard->work);
}

static bool core_connect(struct carrier *c, struct peer *p, struct str *problem)
{
	struct core_carrier *core = core_of(c);
	struct line *line = xcalloc(1, sizeof(*line));

	(void)problem;
	line->peer = p;
	line->client = client_create(core->shard, line, core->policy, core->now);
	p->handle = line;
	return true;
}

static void core_send(struct carrier *c, struct peer *p, struct span bytes)
{
	struct core_carrier *core = core_of(c);
	size_t piece;

	for (size_t at = 0; at < bytes.len && p->handle != NULL; at += piece) {
		struct line *line = p->handle;
		struct client_progress progress;
		struct span unread;
		uint8_t *exact;

		piece = !core->drip ? bytes.len : line->unread.len < MANY_BYTES ? 1 : LARGER_PIECE;
		str_append(&line->unread, span_first(span_from(bytes, at), piece));
		/* A copy of just that size, so that a sanitizer sees a read behind its end. */
		unread = str_span(&line->unread);
		exact = xmemdup(unread.data, unread.len);
		progress = client_receive(line->client, span_of(exact, unread.len), core->now);
		free(exact);
		str_remove_front(&line->unread, progress.consumed);
		flush(core);
	}
}

static void core_drop(struct carrier *c, struct peer *p)
{
	hang_up(core_of(c), p);
	flush(core_of(c));
}

static bool core_receive(struct carrier *c, struct peer *p)
{
	(void)c;
	(void)p;
	return false;
}

static void core_settle(struct carrier *c, struct peer *p)
{
	(void)c;
	(void)p;
}

static void core_wait(struct carrier *c, int64_t ns)
{
	struct core_carrier *core = core_of(c);
	struct instant end = instant_after(core->now, nanoseconds(ns));

	while (!instant_before(end, shard_next_deadline(core->shard))) {
		struct instant due = shard_next_deadline(core->shard);

		if (instant_before(core->now, due))
			core->now = due;
		shard_run_timers(core->shard, core->now);
		flush(core);
	}
	core->now = end;
}

static void core_finish(struct carrier *c)
{
	struct core_carrier *core = core_of(c);

	for (size_t i = 0; i < MAX_CLIENTS; i++)
		hang_up(core, &c->peers[i]);
	shard_destroy(core->shard);
	policy_unref(core->policy);
	core->shard = NULL;
	config_finish(&core->config);
}

struct carrier *core_carrier_create(bool drip)
{
	static const struct carrier_ops ops = { core_start, core_connect, core_send, core_drop,
		core_receive, core_settle, core_wait, core_reload_acl, core_finish };
	struct core_carrier *core = xcalloc(1, sizeof(*core));

	core->carrier.ops = &ops;
	core->drip = drip;
	return &core->carrier;
}

void core_carrier_destroy(struct carrier *c)
{
	free(core_of(c));
}
