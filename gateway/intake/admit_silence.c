/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "common/mem.h"
#include "common/wire.h"
#include "gateway/intake/admit_impl.h"

/* --- silence ------------------------------------------------------------------------------ */

static void format_silence(struct str *into, const struct silence *s)
{
	char time[WALL_TIME_TEXT];
	bool is_host = s->service.len == 0;

	if (s->kind == SILENCE_OVER)
		str_append_text(into, "is back, as its publisher says");
	else if (s->kind == SILENCE_GONE)
		str_append_text(into,
				"is gone, as its publisher's last will or missing heartbeat says");
	else
		str_printf(into, "no result for %" PRId64 " seconds", s->ttl);
	if (s->last_time.ns == 0)
		return;
	str_printf(into, "; the last one, of %s, was %s: ", wall_time_format(s->last_time, time),
			check_state_name(s->last_state, is_host));
	str_append(into, s->last_output);
}

/* Standings may not be asked while they tell of the silence, so that judging it comes later. */
void admit_silence(struct admit *a, const struct silence *silence, const struct arrival *arrival)
{
	struct reader context = reader_of(silence->context);
	struct record record = {
		.kind = RECORD_RESULT,
		.received = arrival->received,
		.naming = read_u32(&context),
		.is_own = true,
		.is_last = true,
		.result = { .host = silence->host,
				.service = silence->service,
				.state = silence->becomes,
				.ttl = -1 },
	};

	record.topic = read_rest(&context);
	str_clear(&a->text);
	format_silence(&a->text, silence);
	record.result.output = str_span(&a->text);
	record_batch_add(&a->silences, &record);
}

static void take_silence(struct admit *a, struct record *r, const struct arrival *arrival)
{
	standings_judge(a->standings, &r->result, arrival, NULL);
	record_batch_add(&a->records, r);
	admit_note_result(a, r, arrival);
	admit_note_state(a, r);
	count(a->counters, COUNT_SILENCES, 1);
}

void admit_silences(struct admit *a, const struct arrival *arrival)
{
	struct span rest = str_span(&a->silences.bytes);

	for (size_t i = 0; i < a->silences.count; i++) {
		struct record r = { 0 };

		if (record_decode(span_first(rest, a->silences.sizes[i]), &r))
			take_silence(a, &r, arrival);
		rest = span_from(rest, a->silences.sizes[i]);
	}
	record_batch_clear(&a->silences);
}

/* --- again -------------------------------------------------------------------------------- */

void admit_again(struct admit *a, const struct record *r, const struct arrival *arrival)
{
	struct presence presence = r->presence;

	if (r->kind == RECORD_PRESENCE) {
		presence.rule.context = admit_context(a, r->topic, r->naming);
		standings_present(a->standings, &presence, arrival);
		return;
	}
	if (r->kind == RECORD_COMMAND)
		standings_take_command(a->standings, &r->command, arrival);
	if (r->kind != RECORD_RESULT)
		return;
	admit_note_result(a, r, arrival);
	admit_note_state(a, r); /* perhaps it was not published any more */
}
