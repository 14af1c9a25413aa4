/* SPDX-License-Identifier: MIT */
/*
 * Who is due, and what publishers say of themselves.
 *
 *             ttl passed                 a result
 *     heard ───────────────▶ overdue ───────────────▶ heard
 *       │     will or no heartbeat              a result, or "I am there"
 *       └─────────────────────────▶ gone ───────────────────────────────▶ heard
 */
#include "gateway/rules/standing_impl.h"

/* One that is back is due at once and before all others. */
static const struct instant at_once = { INT64_MIN };

void standing_arm(struct standings *s, struct standing *x)
{
	deadline_set(&s->deadlines, &x->deadline,
			x->is_back ? at_once : instant_earlier(x->result_due, x->presence_due));
}

static struct instant due_after(struct instant now, uint32_t wait)
{
	return wait > 0 ? instant_after(now, seconds(wait)) : INSTANT_NEVER;
}

static void fall_silent(struct standing *x, enum silent silent, unsigned becomes)
{
	x->silent = silent;
	x->told = becomes & 3;
	x->is_back = false;
	x->result_due = x->presence_due = INSTANT_NEVER;
}

/* Its results are due again as if one had come now. */
static void be_back(struct standing *x, struct instant now)
{
	x->silent = SILENT_NOT;
	x->is_back = false;
	x->told = CHECK_OK;
	x->result_due = due_after(now, x->ttl);
}

/* Which of the two passes first. */
static enum silent next_silence(const struct standing *x)
{
	return instant_before(x->presence_due, x->result_due) ? SILENT_GONE : SILENT_OVERDUE;
}

void standing_heard(
		struct standing *x, const struct arrival *arrival, const struct silence_rule *rule)
{
	/* What is retained may be from before the will, and is no sign of life. */
	if (!arrival->retained && x->said_gone)
		x->presence_due = INSTANT_NEVER;
	x->silent = SILENT_NOT;
	x->is_back = false;
	x->ttl = standing_seconds(rule->ttl);
	x->overdue_becomes = (unsigned)rule->becomes & 3;
	x->result_due = due_after(arrival->now, x->ttl);
}

/*
 * standings_due() has done this already, unless the result comes from the journal of a process that
 * ended before it wrote down what it knew.
 */
void standing_told(struct standing *x, const struct check_result *result, struct instant now)
{
	unsigned state = (unsigned)result->state & 3;

	if (x->is_back && state == CHECK_OK)
		be_back(x, now);
	else if (x->silent == SILENT_NOT && state != CHECK_OK)
		fall_silent(x, next_silence(x), state);
	x->told = state;
}

/* --- what publishers say of themselves --- */

static void say_gone(
		struct standing *x, const struct presence *presence, const struct arrival *arrival)
{
	bool was_known = x->said_gone;
	int64_t delay = presence->delay.ns > 0 ? presence->delay.ns : 0;
	bool waits = was_known && x->presence_due.ns != INSTANT_NEVER.ns;

	x->said_gone = true;
	if (x->is_back) {
		x->is_back = false;
		x->presence_due = INSTANT_NEVER;
	}
	if (x->silent != SILENT_NOT || waits || (arrival->retained && was_known))
		return;
	/* A heartbeat that was to come before that does not come any more. */
	x->presence_due = instant_earlier(
			x->presence_due, instant_after(arrival->now, nanoseconds(delay)));
	x->wait = standing_seconds(delay / 1000000000 + (delay % 1000000000 > 0));
	x->gone_becomes = (unsigned)presence->rule.becomes & 3;
}

/*
 * A retained heartbeat is one that came some time ago: only where the will had taken its place it
 * tells that its publisher is back.
 */
static bool is_old_heartbeat(const struct standing *x, const struct presence *presence,
		const struct arrival *arrival)
{
	return arrival->retained && presence->rule.ttl > 0 && !x->said_gone &&
	       (x->silent == SILENT_GONE || x->presence_due.ns != INSTANT_NEVER.ns);
}

static void say_there(
		struct standing *x, const struct presence *presence, const struct arrival *arrival)
{
	if (is_old_heartbeat(x, presence, arrival))
		return;
	x->said_gone = false;
	x->presence_due = INSTANT_NEVER;
	if (x->silent == SILENT_OVERDUE)
		return;
	x->is_back = x->silent == SILENT_GONE;
	x->wait = standing_seconds(presence->rule.ttl);
	x->gone_becomes = (unsigned)presence->rule.becomes & 3;
	x->presence_due = due_after(arrival->now, x->wait);
}

bool standings_present(
		struct standings *s, const struct presence *presence, const struct arrival *arrival)
{
	struct standing *x = standing_find(s, presence->host, presence->service);

	if (x == NULL && presence->is_there && presence->rule.ttl <= 0)
		return true;
	if (x == NULL)
		x = standing_get(s, presence->host, presence->service);
	if (x == NULL)
		return false;
	if (presence->is_there)
		say_there(x, presence, arrival);
	else
		say_gone(x, presence, arrival);
	if (!x->has_result)
		standing_set_context(x, presence->rule.context);
	standing_note_clock(x, arrival);
	standing_arm(s, x);
	standing_changed(s, x);
	return true;
}

/* --- who is due --- */

static struct silence describe(const struct standing *x, enum silence_kind kind)
{
	return (struct silence){
		.host = standing_host(x),
		.service = standing_service(x),
		.kind = kind,
		.becomes = (enum check_state)x->told,
		.last_output = standing_output(x),
		.last_state = x->has_result ? (enum check_state)x->state : CHECK_UNKNOWN,
		.last_time = x->stamp,
		.context = standing_context(x),
		.ttl = kind == SILENCE_OVERDUE		       ? x->ttl
		       : kind == SILENCE_GONE && !x->said_gone ? x->wait
							       : 0,
	};
}

static enum silence_kind fire(struct standing *x, struct instant now)
{
	if (x->is_back) {
		be_back(x, now);
		return SILENCE_OVER;
	}
	if (next_silence(x) == SILENT_GONE) {
		fall_silent(x, SILENT_GONE, x->gone_becomes);
		return SILENCE_GONE;
	}
	fall_silent(x, SILENT_OVERDUE, x->overdue_becomes);
	return SILENCE_OVERDUE;
}

static bool is_due(const struct standings *s, struct instant at, struct instant now)
{
	return at.ns == at_once.ns ||
	       (instant_reached(at, now) && instant_reached(s->hold_until, now));
}

size_t standings_due(struct standings *s, struct instant now, size_t most,
		void (*each)(void *owner, const struct silence *silence), void *owner)
{
	size_t count = 0;

	while (count < most && s->deadlines.count > 0 &&
			is_due(s, deadlines_next(&s->deadlines), now)) {
		struct standing *x = container_of(
				deadlines_first(&s->deadlines), struct standing, deadline);
		struct silence silence = describe(x, fire(x, now));

		standing_arm(s, x);
		standing_changed(s, x);
		each(owner, &silence);
		count++;
	}
	return count;
}

struct instant standings_next(const struct standings *s)
{
	struct instant at = deadlines_next(&s->deadlines);

	if (at.ns == INSTANT_NEVER.ns)
		return at;
	if (at.ns == at_once.ns)
		return (struct instant){ 0 };
	return instant_before(at, s->hold_until) ? s->hold_until : at;
}

void standings_hold(struct standings *s, struct instant now)
{
	struct instant until = instant_after(now, s->policy.grace);

	if (instant_before(s->hold_until, until))
		s->hold_until = until;
}
