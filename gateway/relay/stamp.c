/* SPDX-License-Identifier: MIT */
#include "gateway/relay/stamp.h"

#include "gateway/relay/civil_time.h"

static void put_digits(char *at, unsigned number, unsigned width)
{
	while (width-- > 0) {
		at[width] = (char)('0' + number % 10);
		number /= 10;
	}
}

void stamp_append_digits(struct str *into, unsigned number, unsigned width)
{
	char text[10];

	put_digits(text, number, width);
	str_append(into, span_of(text, width));
}

void stamp_append(struct stamp *cache, struct str *into, struct wall_time time)
{
	int64_t second = wall_time_seconds(time);

	if (cache->second != second || cache->text[0] == '\0') {
		struct civil_time t = civil_time_of(time);

		memcpy(cache->text, "0000-00-00T00:00:00.000Z", STAMP_LENGTH);
		put_digits(cache->text, (unsigned)t.year, 4);
		put_digits(cache->text + 5, (unsigned)t.month, 2);
		put_digits(cache->text + 8, (unsigned)t.day, 2);
		put_digits(cache->text + 11, (unsigned)t.hour, 2);
		put_digits(cache->text + 14, (unsigned)t.minute, 2);
		put_digits(cache->text + 17, (unsigned)t.second, 2);
		cache->second = second;
	}
	put_digits(cache->text + 20, (unsigned)wall_time_nanosecond(time) / 1000000, 3);
	str_append(into, span_of(cache->text, STAMP_LENGTH));
}
