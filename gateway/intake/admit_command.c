/* SPDX-License-Identifier: MIT */
#include "gateway/intake/admit_impl.h"

#include "common/utf8.h"

enum { ALL_COMMANDS = (1 << COMMAND_COUNT) - 1 };

static const struct span command_level = SPAN("/$command");

bool admit_is_command(struct span topic)
{
	return topic.len > command_level.len &&
	       span_equal(span_from(topic, topic.len - command_level.len), command_level);
}

static void refuse(struct admit *a, const struct command *c, enum reject reject, struct span detail)
{
	struct rejection bad = {
		.reject = reject, .detail = detail, .host = c->host, .service = c->service
	};

	admit_refuse(a, &bad);
}

/* A retained message comes again and again; a command is meant once. */
static bool is_event(struct admit *a, const struct command *c)
{
	if (a->message->retain)
		refuse(a, c, REJECT_BAD_COMMAND,
				(struct span)SPAN("it is retained; publish it without retain, and "
						  "an empty retained message to remove it"));
	return !a->message->retain;
}

/* Is it one of `kinds`? */
static bool is_passed_on(struct admit *a, const struct command *c, unsigned kinds)
{
	const struct config *config = a->config;
	unsigned passed = routes_commands(
			config->routes, config->route_count, a->message->topic, a->route->naming);

	if ((passed & kinds) != 0)
		return true;
	refuse(a, c, REJECT_NOT_ALLOWED,
			(struct span)SPAN("the topic's route does not pass it on; its setting "
					  "commands names those that it does"));
	return false;
}

/*
 * Whom the core is told: who published it, where the broker says who that is, so that nobody signs
 * for another. A client identifier is of the client's own choice and shown as one.
 */
static bool set_author(struct admit *a, struct command *c)
{
	const struct publisher *p = &a->message->publisher;

	if (p->known) {
		str_clear(&a->context);
		str_append_text(&a->context, p->user.len > 0 ? "" : "client ");
		str_append(&a->context, p->user.len > 0 ? p->user : p->client);
		c->author = utf8_first(str_span(&a->context), MAX_AUTHOR_BYTES);
	}
	if (c->author.len > 0 || c->kind == COMMAND_REMOVE_ACKNOWLEDGEMENT)
		return true;
	refuse(a, c, REJECT_BAD_COMMAND, (struct span)SPAN("author is missing"));
	return false;
}

static bool is_news(struct admit *a, const struct command *c)
{
	enum standing_verdict verdict = standings_judge_command(a->standings, c, a->arrival);
	char time[WALL_TIME_TEXT];

	/* The id is the message's: under another naming it is the same one. */
	if (verdict == STANDING_FRESH || (verdict == STANDING_DUPLICATE && !a->is_first))
		return true;
	refuse(a, c, admit_verdict(verdict),
			verdict == STANDING_DUPLICATE
					? c->id
					: span_of_text(wall_time_format(c->time, time)));
	return false;
}

static void take(struct admit *a, const struct command *c)
{
	struct record record = admit_part(a, RECORD_COMMAND);

	record.naming = a->route->naming;
	record.command = *c;
	record_batch_add(&a->records, &record);
	a->last_result = a->records.count;
	admit_mark_last(a);
	standings_take_command(a->standings, c, a->arrival);
	count(a->counters, COUNT_COMMANDS_ACCEPTED, 1);
	a->receipt.accepted++;
}

void admit_command(struct admit *a)
{
	struct command c = { 0 };
	struct span host, service, detail;
	enum reject reject;

	if (a->message->payload.len == 0) /* a retained message was cleared */
		return;
	if (!admit_object(a, command_level))
		return;
	c.host = host = str_span(&a->host);
	c.service = service = str_span(&a->service);
	if (!is_passed_on(a, &c, ALL_COMMANDS) ||
			!admit_may_speak(a, host, service, SUBMIT_COMMAND, 0) || !is_event(a, &c))
		return;
	reject = command_decode(a->reader, a->message->payload, a->arrival->received, &c, &detail);
	c.host = host;
	c.service = service;
	if (reject != REJECT_NONE)
		refuse(a, &c, reject, detail);
	else if (is_passed_on(a, &c, 1u << c.kind) && set_author(a, &c) && is_news(a, &c))
		take(a, &c);
}
