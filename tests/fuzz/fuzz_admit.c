/* SPDX-License-Identifier: MIT */
/*
 * Any topic and payload as messages: a byte of flags, topic, NUL, payload, and that again behind
 * each NUL. Every record that comes of it can be read, and names an object that has a name, but for
 * messages that are passed on.
 */
#include "gateway/intake/admit.h"

#include "common/name.h"
#include "common/topic.h"
#include "tests/fuzz/nagios_command.h"
#include "tests/unit/gateway/intake/admit_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RETAINED = 1, ASKS = 2 };

static void check_records(const struct admit_rig *r)
{
	for (size_t i = 0; i < r->admit.records.count; i++) {
		struct record record;

		MUST(admit_rig_record(r, i, &record));
		if (record.kind == RECORD_RESULT)
			MUST(name_valid(record.result.host) &&
					(record.result.service.len == 0 ||
							name_valid(record.result.service)));
		if (record.kind == RECORD_MESSAGE)
			MUST(routes_pass(r->routes, array_size(r->routes), record.topic));
		if (record.kind == RECORD_PRESENCE)
			MUST(name_valid(record.presence.host));
	}
}

static void note_silence(void *owner, const struct silence *silence)
{
	struct admit_rig *r = owner;
	struct arrival arrival = { .from_silence = true };

	admit_silence(&r->admit, silence, &arrival);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arrival later = {
		.received = { INT64_MAX / 2 }, .now = { INT64_MAX / 2 }, .from_silence = true
	};
	struct span rest = span_of(data, size);
	struct admit_rig r;
	int64_t time = 1795384096000000000;

	admit_rig_init(&r);
	while (rest.len > 0) {
		uint8_t flags = rest.data[0];
		struct record message = { .kind = RECORD_MESSAGE, .received = { time } };

		rest = span_from(rest, 1);
		message.topic = span_cut(&rest, '\0');
		message.payload = span_cut(&rest, '\0');
		message.retain = (flags & RETAINED) != 0;
		if (flags & ASKS)
			message.response_topic = (struct span)SPAN("answers/here");
		if (topic_name_valid(message.topic))
			admit_rig_take(&r, &message);
		time += 1000000000;
	}
	check_records(&r);
	admit_clear(&r.admit);
	standings_due(r.admit.standings, later.now, SIZE_MAX, note_silence, &r);
	admit_silences(&r.admit, &later);
	check_records(&r);
	admit_rig_finish(&r);
	return 0;
}
