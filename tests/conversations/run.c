/* SPDX-License-Identifier: MIT */
#include "tests/conversations/run.h"

#include "tests/conversations/codec.h"
#include "tests/conversations/match.h"

/* A script under way. */
struct run {
	const struct script *script;
	const struct step *step;
	struct carrier *carrier;
	struct fields variables;
	struct peer *last_sender;
	struct str *problem;
};

static bool fail_at(struct run *r, unsigned line, const char *what)
{
	struct str said = { 0 };

	str_append_text(&said, what);
	str_clear(r->problem);
	str_printf(r->problem, "%s:%u: %s", r->script->file, line, str_text(&said));
	str_finish(&said);
	return false;
}

static bool fail(struct run *r, const char *what)
{
	return fail_at(r, r->step->line, what);
}

/* Fail with what `reason` holds, and finish it. */
static bool fail_with(struct run *r, struct str *reason)
{
	fail(r, str_text(reason));
	str_finish(reason);
	return false;
}

static const char *client_name(const struct run *r, const struct peer *p)
{
	return r->script->clients[p - r->carrier->peers];
}

/* What somebody else has sent must have arrived before this client does or hears something. */
static void settle_sender(struct run *r, const struct peer *except)
{
	if (r->last_sender != NULL && r->last_sender != except) {
		r->carrier->ops->settle(r->carrier, r->last_sender);
		r->last_sender = NULL;
	}
}

/* --- hearing -------------------------------------------------------------------------------- */

/* Hold what has come against the rules that it must keep to. */
static bool watch_peer(struct run *r, struct peer *p)
{
	struct str problem = { 0 }, said = { 0 };
	bool good = true;
	size_t len;

	while (good && (len = packet_length(span_from(str_span(&p->received), p->watched))) > 0) {
		struct span packet = span_first(span_from(str_span(&p->received), p->watched), len);
		struct fields got;

		good = packet_describe(packet, p->level, &got, &problem) &&
		       watch_received(&p->watch, &got, &problem);
		fields_finish(&got);
		p->watched += len;
	}
	if (!good)
		str_printf(&said, "%s got %s", client_name(r, p), str_text(&problem));
	str_finish(&problem);
	return good || fail_with(r, &said);
}

static bool watch_all(struct run *r)
{
	for (unsigned i = 0; i < r->script->client_count; i++) {
		if (!watch_peer(r, &r->carrier->peers[i]))
			return false;
	}
	return true;
}

/* The packet at `at` of what was received; waits for it. Empty when there is none. */
static struct span packet_at(struct run *r, struct peer *p, size_t at)
{
	size_t len;

	while ((len = packet_length(span_from(str_span(&p->received), at))) == 0) {
		if (!r->carrier->ops->receive(r->carrier, p))
			break;
	}
	len = packet_length(span_from(str_span(&p->received), at));
	return span_first(span_from(str_span(&p->received), at), len);
}

/* What the client got instead, for people. */
static void say_got(struct run *r, struct peer *p, struct str *into)
{
	struct span packet = packet_at(r, p, 0);
	struct str problem = { 0 };
	struct fields got;

	str_printf(into, " got %s: ", client_name(r, p));
	if (packet.len == 0) {
		str_append_text(into, p->closed ? "closed" : "nothing");
		return;
	}
	if (packet_describe(packet, p->level, &got, &problem))
		fields_print(&got, into);
	else
		str_append(into, str_span(&problem));
	str_finish(&problem);
	fields_finish(&got);
}

static bool fail_expected(struct run *r, struct peer *p)
{
	struct str said = { 0 };

	str_printf(&said, "expected %s: %s;", client_name(r, p), r->step->text);
	say_got(r, p, &said);
	return fail_with(r, &said);
}

static void take_packet(struct peer *p, size_t at, size_t len)
{
	if ((uint8_t)p->received.text[at] == 0xd0 && p->pings > 0)
		p->pings--;
	memmove(p->received.text + at, p->received.text + at + len, p->received.len - at - len);
	str_truncate(&p->received, p->received.len - len);
	p->watched -= len;
}

/* 1 when it is the expected one, 0 when it is another, -1 when it is malformed. */
static int compare(struct run *r, struct peer *p, struct span packet, struct fields *expected)
{
	struct str problem = { 0 };
	struct fields got;
	int result = -1;

	if (packet_describe(packet, p->level, &got, &problem))
		result = packet_matches(expected, &got, &r->variables) ? 1 : 0;
	fields_finish(&got);
	str_finish(&problem);
	return result;
}

static bool expect_packet(struct run *r, struct peer *p)
{
	struct str problem = { 0 };
	struct fields expected;
	struct span packet;
	size_t at = 0;
	int result = 0;

	if (!fields_parse(r->step->text, &expected, &problem))
		return fail_with(r, &problem);
	if (!expectation_prepare(&expected, &problem)) {
		fields_finish(&expected);
		return fail_with(r, &problem);
	}
	while (result == 0 && (packet = packet_at(r, p, at)).len > 0) {
		result = compare(r, p, packet, &expected);
		if (result == 1 && !watch_peer(r, p)) {
			fields_finish(&expected);
			return false;
		}
		if (result == 1)
			take_packet(p, at, packet.len);
		else if (r->step->kind == STEP_EXPECT)
			result = -1;
		at += packet.len;
	}
	fields_finish(&expected);
	str_finish(&problem);
	return result == 1 || fail_expected(r, p);
}

static bool expect_nothing(struct run *r, struct peer *p)
{
	r->carrier->ops->settle(r->carrier, p);
	if (p->handle == NULL || p->received.len > 0)
		return fail_expected(r, p);
	return true;
}

static bool expect_closed(struct run *r, struct peer *p)
{
	while (!p->closed && r->carrier->ops->receive(r->carrier, p))
		;
	if (!p->closed || p->received.len > 0)
		return fail_expected(r, p);
	p->closed = false;
	return true;
}

static bool expect(struct run *r, struct peer *p)
{
	char word[16] = { 0 };

	settle_sender(r, p);
	memcpy(word, r->step->text, strnlen(r->step->text, sizeof(word) - 1));
	word[strcspn(word, " \t#")] = '\0';
	if (strcmp(word, "nothing") == 0)
		return expect_nothing(r, p);
	if (strcmp(word, "closed") == 0)
		return expect_closed(r, p);
	return expect_packet(r, p);
}

/* --- speaking ------------------------------------------------------------------------------- */

static bool open_connection(struct run *r, struct peer *p)
{
	struct str problem = { 0 };

	if (p->closed && !p->is_leaving)
		return fail(r, "the broker has closed this connection; the script must expect it");
	if (p->received.len > 0) {
		str_append_text(&problem, "expected nothing more before a new connection;");
		say_got(r, p, &problem);
		return fail_with(r, &problem);
	}
	p->closed = p->is_leaving = p->is_connected = false;
	p->watched = 0;
	p->watch = (struct watch){ 0 };
	p->pings = 0;
	if (p->level == 0)
		p->level = r->script->level;
	if (!r->carrier->ops->connect(r->carrier, p, &problem))
		return fail_with(r, &problem);
	return true;
}

/* "raw v5 10 ..." says how the answer is to be read. */
static bool build_raw(struct peer *p, const char *text, struct str *bytes, struct str *problem)
{
	text += strspn(text + 3, " \t") + 3;
	if (text[0] == 'v' && strchr("345", text[1]) != NULL) {
		p->level = (unsigned)(text[1] - '0');
		text += 2;
	}
	p->is_connected = false;
	p->watch.is_blind = true;
	return packet_build_raw(text, bytes, problem);
}

static bool build_packet(struct run *r, struct peer *p, struct str *bytes, struct str *problem)
{
	struct fields f;
	bool good;

	if (!fields_parse(r->step->text, &f, problem))
		return false;
	p->level = fields_number(&f, "version", p->level);
	if (strcmp(f.type, "CONNECT") == 0)
		p->is_connected = true;
	if (strcmp(f.type, "DISCONNECT") == 0)
		p->is_leaving = true;
	if (strcmp(f.type, "PINGREQ") == 0)
		p->pings++;
	good = variables_apply(&f, &r->variables, problem) &&
	       packet_build(&f, p->level, bytes, problem);
	watch_sent(&p->watch, &f);
	fields_finish(&f);
	return good;
}

static bool send_step(struct run *r, struct peer *p)
{
	struct str bytes = { 0 }, problem = { 0 };
	bool good;

	settle_sender(r, p);
	/* After its own DISCONNECT a connection is not written to again: its end is waited for. */
	while (p->handle != NULL && p->is_leaving && !p->closed &&
			r->carrier->ops->receive(r->carrier, p))
		;
	if (p->handle == NULL && !open_connection(r, p))
		return false;
	good = strncmp(r->step->text, "raw", 3) == 0 ? build_raw(p, r->step->text, &bytes, &problem)
						     : build_packet(r, p, &bytes, &problem);
	if (good)
		r->carrier->ops->send(r->carrier, p, str_span(&bytes));
	r->last_sender = p;
	str_finish(&bytes);
	if (!good)
		return fail_with(r, &problem);
	str_finish(&problem);
	return true;
}

static bool drop_step(struct run *r, struct peer *p)
{
	settle_sender(r, NULL);
	if (p->handle == NULL)
		return fail(r, "there is no connection that could be dropped");
	if (p->received.len > 0) {
		struct str said = { 0 };

		str_append_text(&said, "expected nothing more before the drop;");
		say_got(r, p, &said);
		return fail_with(r, &said);
	}
	r->carrier->ops->drop(r->carrier, p);
	return true;
}

static bool reload_step(struct run *r)
{
	struct str problem = { 0 };

	settle_sender(r, NULL);
	if (!r->carrier->ops->reload_acl(r->carrier, span_of_text(r->step->text), &problem))
		return fail_with(r, &problem);
	str_finish(&problem);
	return true;
}

static bool take_step(struct run *r)
{
	struct peer *p = &r->carrier->peers[r->step->client];

	if (!watch_all(r))
		return false;
	switch (r->step->kind) {
	case STEP_SEND:
		return send_step(r, p);
	case STEP_EXPECT:
	case STEP_EXPECT_AMONG:
		return expect(r, p);
	case STEP_OPEN:
		return open_connection(r, p);
	case STEP_DROP:
		return drop_step(r, p);
	case STEP_ACL:
		return reload_step(r);
	case STEP_WAIT:
		settle_sender(r, NULL);
		r->carrier->ops->wait(r->carrier, r->step->wait_ns);
		return true;
	}
	return false;
}

/* Nothing that nobody waited for. */
static bool check_end(struct run *r)
{
	for (unsigned i = 0; i < r->script->client_count; i++)
		r->carrier->ops->settle(r->carrier, &r->carrier->peers[i]);
	if (!watch_all(r))
		return false;
	for (unsigned i = 0; i < r->script->client_count; i++) {
		struct peer *p = &r->carrier->peers[i];
		bool surprised;

		r->carrier->ops->settle(r->carrier, p);
		surprised = p->closed && !p->is_leaving;
		if (p->received.len > 0 || surprised) {
			struct str said = { 0 };

			str_append_text(&said, "expected nothing more at the end;");
			say_got(r, p, &said);
			return fail_with(r, &said);
		}
		/* [v5 MQTT-3.14.4-2, MQTT-4.13.2-1, MQTT-3.2.2-7] [v3 MQTT-3.2.2-5] */
		if (p->watch.is_over && p->handle != NULL)
			return fail(r, "a refusal or a DISCONNECT must end the connection");
	}
	return true;
}

bool script_run(const struct script *s, struct carrier *c, struct str *problem)
{
	struct run r = { .script = s, .carrier = c, .problem = problem, .step = s->steps };
	bool good = c->ops->start(c, s, problem);

	for (size_t i = 0; good && i < s->count; i++) {
		r.step = &s->steps[i];
		good = take_step(&r);
	}
	if (good)
		good = check_end(&r);
	c->ops->finish(c);
	for (size_t i = 0; i < MAX_CLIENTS; i++)
		str_finish(&c->peers[i].received);
	memset(c->peers, 0, sizeof(c->peers));
	fields_finish(&r.variables);
	return good;
}
