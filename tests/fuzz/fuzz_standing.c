/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the stored form of standings: entries of a key with its length u8 and a value with
 * its length u8. What is accepted can be asked for and falls silent once, and what is then written
 * is read again as the same.
 */
#include "gateway/rules/standing.h"

#include "common/mem.h"
#include "common/name.h"
#include "common/utf8.h"
#include "common/wire.h"
#include "tests/fuzz/nagios_command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct standing_policy policy = {
	.max_age = { 3600000000000 },
	.max_skew = { 60000000000 },
	.id_window = { 600000000000 },
	.max_ids = 16,
	.grace = { 30000000000 },
};

static const struct arrival present = { .received = { 1795384096000000000 },
	.now = { 1000000000000 } };

struct fuzz {
	struct standings *first, *second;
	size_t silences;
};

static void check_silence(void *owner, const struct silence *silence)
{
	struct fuzz *fuzz = owner;

	fuzz->silences++;
	MUST(name_valid(silence->host));
	MUST(silence->service.len == 0 || name_valid(silence->service));
	MUST(silence->last_output.len <= 80 && utf8_valid(silence->last_output));
	MUST(silence->last_time.ns >= 0 && silence->ttl >= 0);
}

/* An entry that is written is one that can be read, and says the same. */
static void check_entry(void *owner, struct span key, struct span value)
{
	struct fuzz *fuzz = owner;
	struct standing_view a = { .ttl = -1 }, b = { .ttl = -1 };
	struct span service = key, host;

	MUST(key.len > 0 && key.len < 512 && value.len < 65536);
	if (value.len == 0)
		return;
	MUST(standings_load(fuzz->second, key, value, &present));
	host = span_cut(&service, 0);
	MUST(standings_find(fuzz->first, host, service, &a) ==
			standings_find(fuzz->second, host, service, &b));
	MUST(a.state == b.state && a.is_silent == b.is_silent && a.ttl == b.ttl);
	MUST(a.time.ns == b.time.ns && a.received.ns == b.received.ns);
	MUST(span_equal(a.output, b.output));
}

static void load_all(struct standings *s, struct span input)
{
	struct reader r = reader_of(input);

	while (!reader_failed(&r) && reader_left(&r) > 0) {
		struct span key = read_bytes(&r, read_u8(&r));
		struct span value = read_bytes(&r, read_u8(&r));

		if (!reader_failed(&r))
			standings_load(s, key, value, &present);
	}
}

static void take_one(struct standings *s, struct span id)
{
	struct check_result result = {
		.host = SPAN("h"), .service = SPAN("s"), .output = SPAN("text"), .id = id
	};
	struct silence_rule rule = { .ttl = 90, .becomes = CHECK_UNKNOWN };

	if (standings_judge(s, &result, &present, NULL) == STANDING_FRESH)
		standings_take(s, &result, &present, &rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = { .first = standings_create(&policy, 1),
		.second = standings_create(&policy, 2) };
	struct instant later = { INT64_MAX - 1 };

	load_all(fuzz.first, span_of(data, size));
	take_one(fuzz.first, (struct span)SPAN("a"));
	take_one(fuzz.first, (struct span)SPAN("b"));
	/* One that is back is told so, and may then be overdue again. */
	standings_due(fuzz.first, later, SIZE_MAX, check_silence, &fuzz);
	MUST(fuzz.silences <= 2 * standings_count(fuzz.first));
	MUST(standings_next(fuzz.first).ns == INSTANT_NEVER.ns);
	standings_flush(fuzz.first, check_entry, &fuzz);
	standings_flushed(fuzz.first);
	standings_destroy(fuzz.first);
	standings_destroy(fuzz.second);
	return 0;
}
