/* SPDX-License-Identifier: MIT */
#include "gateway/relay/time_format.h"

#include "gateway/relay/civil_time.h"
#include "gateway/relay/stamp.h"

static unsigned year(const struct civil_time *t)
{
	return (unsigned)t->year;
}

static unsigned year_of_century(const struct civil_time *t)
{
	return (unsigned)t->year % 100;
}

static unsigned month(const struct civil_time *t)
{
	return (unsigned)t->month;
}

static unsigned day(const struct civil_time *t)
{
	return (unsigned)t->day;
}

static unsigned hour(const struct civil_time *t)
{
	return (unsigned)t->hour;
}

static unsigned minute(const struct civil_time *t)
{
	return (unsigned)t->minute;
}

static unsigned second(const struct civil_time *t)
{
	return (unsigned)t->second;
}

static unsigned year_day(const struct civil_time *t)
{
	return (unsigned)t->year_day;
}

static unsigned week(const struct civil_time *t)
{
	int of_year;

	return (unsigned)civil_time_week(t, &of_year);
}

static unsigned year_of_week(const struct civil_time *t)
{
	int of_year;

	civil_time_week(t, &of_year);
	return (unsigned)of_year;
}

static unsigned millisecond(const struct civil_time *t)
{
	return (unsigned)t->nanosecond / 1000000;
}

static unsigned nanosecond(const struct civil_time *t)
{
	return (unsigned)t->nanosecond;
}

/* Either a number of so many digits, or a format of its own; %s and %% are neither. */
static const struct conversion {
	char letter;
	unsigned digits;
	unsigned (*number)(const struct civil_time *t);
	const char *format;
} conversions[] = {
	{ 'Y', 4, year, NULL },
	{ 'y', 2, year_of_century, NULL },
	{ 'm', 2, month, NULL },
	{ 'd', 2, day, NULL },
	{ 'H', 2, hour, NULL },
	{ 'M', 2, minute, NULL },
	{ 'S', 2, second, NULL },
	{ 'F', 0, NULL, "%Y-%m-%d" },
	{ 'T', 0, NULL, "%H:%M:%S" },
	{ 'j', 3, year_day, NULL },
	{ 'G', 4, year_of_week, NULL },
	{ 'V', 2, week, NULL },
	{ 's', 0, NULL, NULL },
	{ 'L', 3, millisecond, NULL },
	{ 'N', 9, nanosecond, NULL },
	{ '%', 0, NULL, NULL },
};

static const struct conversion *find(char letter)
{
	for (size_t i = 0; i < array_size(conversions); i++) {
		if (conversions[i].letter == letter)
			return &conversions[i];
	}
	return NULL;
}

struct span time_format_unknown(struct span format)
{
	for (size_t i = 0; i < format.len; i++) {
		if (format.data[i] != '%')
			continue;
		if (i + 1 == format.len || find((char)format.data[i + 1]) == NULL)
			return span_first(span_from(format, i), 2);
		i++;
	}
	return span_of(NULL, 0);
}

void time_format_append_known(struct str *into)
{
	for (size_t i = 0; i < array_size(conversions); i++)
		str_printf(into, " %%%c", conversions[i].letter);
}

static void append_since_1970(struct str *into, struct wall_time time)
{
	int64_t seconds_since = wall_time_seconds(time);

	if (seconds_since < 0)
		str_append_byte(into, '-');
	str_append_number(into, (uint64_t)(seconds_since < 0 ? -seconds_since : seconds_since));
}

static void append(struct str *into, const char *format, struct wall_time time,
		const struct civil_time *civil)
{
	for (const char *at = format; *at != '\0'; at++) {
		const struct conversion *c = *at == '%' ? find(*++at) : NULL;

		if (c != NULL && c->number != NULL)
			stamp_append_digits(into, c->number(civil), c->digits);
		else if (c != NULL && c->format != NULL)
			append(into, c->format, time, civil);
		else if (c != NULL && c->letter == 's')
			append_since_1970(into, time);
		else
			str_append_byte(into, *at);
	}
}

void time_format_append(struct str *into, const char *format, struct wall_time time)
{
	const struct civil_time civil = civil_time_of(time);

	append(into, format, time, &civil);
}
