/* SPDX-License-Identifier: MIT */
/*
 * Numbers are taken digit by digit, never through a double: 1411220019.711785664 has more digits
 * than a double holds.
 */
#include "common/time_parse.h"

enum {
	MAX_DIGITS = 40,    /* kept; what lies behind them is finer than a nanosecond */
	MAX_EXPONENT = 100, /* any further is out of range whatever the digits are */
};

/* digits[0] digits[1] ... with the decimal point behind the first `point` of them. */
struct decimal {
	uint8_t digits[MAX_DIGITS];
	int count;
	int point;
};

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool parse_exponent(struct span text, int *ret)
{
	bool negative = text.len > 0 && text.data[0] == '-';
	uint64_t value;

	if (text.len > 0 && (text.data[0] == '-' || text.data[0] == '+'))
		text = span_from(text, 1);
	if (!span_to_uint(text, MAX_EXPONENT, &value))
		return false;
	*ret = negative ? -(int)value : (int)value;
	return true;
}

static bool parse_decimal(struct span text, struct decimal *ret)
{
	bool seen_point = false, seen_digit = false;
	int exponent = 0;
	size_t i;

	*ret = (struct decimal){ .count = 0 };
	for (i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (c == '.' && !seen_point) {
			seen_point = true;
			continue;
		}
		if (!is_digit(c))
			break;
		seen_digit = true;
		if (ret->count == 0 && c == '0') {
			/* A leading zero takes no place, but one behind the point moves it. */
			ret->point -= seen_point;
			continue;
		}
		if (ret->count < MAX_DIGITS)
			ret->digits[ret->count++] = (uint8_t)(c - '0');
		ret->point += !seen_point;
	}
	if (!seen_digit)
		return false;
	if (i < text.len) {
		if ((text.data[i] | 0x20) != 'e' ||
				!parse_exponent(span_from(text, i + 1), &exponent))
			return false;
		ret->point += exponent;
	}
	return true;
}

/* The whole part of the number times 10^shift. */
static bool decimal_shifted(const struct decimal *d, int shift, int64_t *ret)
{
	int64_t value = 0;

	for (int i = 0; i < d->point + shift; i++) {
		int digit = i < d->count ? d->digits[i] : 0;

		if (value > (INT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return true;
}

static bool parse_number(struct span text, int64_t *ret_ns)
{
	struct decimal d;
	int64_t whole;
	int shift;

	if (!parse_decimal(text, &d))
		return false;
	if (d.count == 0) {
		*ret_ns = 0;
		return true;
	}
	if (!decimal_shifted(&d, 0, &whole))
		return false;
	shift = whole > 100000000000000000 ? 0
		: whole > 100000000000000  ? 3
		: whole > 100000000000	   ? 6
					   : 9;
	return decimal_shifted(&d, shift, ret_ns);
}

/* `count` digits off the front of *rest, as a number in min..max. */
static bool take_number(struct span *rest, size_t count, int min, int max, int *ret)
{
	uint64_t value;

	if (rest->len < count || !span_to_uint(span_first(*rest, count), (uint64_t)max, &value) ||
			(int)value < min)
		return false;
	*rest = span_from(*rest, count);
	*ret = (int)value;
	return true;
}

static bool take_byte(struct span *rest, const char *one_of)
{
	if (rest->len == 0 || rest->data[0] == 0 || strchr(one_of, rest->data[0]) == NULL)
		return false;
	*rest = span_from(*rest, 1);
	return true;
}

static bool is_leap_year(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap_year(year));
}

static int64_t days_since_1970(int year, int month, int day)
{
	int64_t before = year - 1;
	int64_t days = before * 365 + before / 4 - before / 100 + before / 400 - 719162;

	for (int m = 1; m < month; m++)
		days += days_of_month(year, m);
	return days + day - 1;
}

/* A fraction of a second as nanoseconds; the point is gone already. */
static bool take_fraction(struct span *rest, int64_t *ret)
{
	int64_t unit = 100000000, ns = 0;

	if (rest->len == 0 || !is_digit(rest->data[0]))
		return false;
	while (rest->len > 0 && is_digit(rest->data[0])) {
		ns += (rest->data[0] - '0') * unit;
		unit /= 10;
		*rest = span_from(*rest, 1);
	}
	*ret = ns;
	return true;
}

static bool take_zone(struct span *rest, int64_t *ret_seconds)
{
	bool west = rest->len > 0 && rest->data[0] == '-';
	int hours, minutes;

	*ret_seconds = 0;
	if (take_byte(rest, "Zz"))
		return true;
	if (!take_byte(rest, "+-") || !take_number(rest, 2, 0, 23, &hours))
		return false;
	take_byte(rest, ":");
	if (!take_number(rest, 2, 0, 59, &minutes))
		return false;
	*ret_seconds = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
	return true;
}

static bool parse_rfc3339(struct span rest, int64_t *ret_ns)
{
	int year, month, day, hour, minute, second;
	int64_t fraction = 0, zone, seconds;

	if (!take_number(&rest, 4, 1970 - 1, 9999, &year) || !take_byte(&rest, "-") ||
			!take_number(&rest, 2, 1, 12, &month) || !take_byte(&rest, "-") ||
			!take_number(&rest, 2, 1, days_of_month(year, month), &day) ||
			!take_byte(&rest, "Tt ") || !take_number(&rest, 2, 0, 23, &hour) ||
			!take_byte(&rest, ":") || !take_number(&rest, 2, 0, 59, &minute) ||
			!take_byte(&rest, ":") || !take_number(&rest, 2, 0, 60, &second))
		return false;
	if (take_byte(&rest, ".,") && !take_fraction(&rest, &fraction))
		return false;
	if (!take_zone(&rest, &zone) || rest.len > 0)
		return false;
	seconds = days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second -
		  zone;
	if (seconds < 0 || seconds > INT64_MAX / 1000000000 - 1)
		return false;
	*ret_ns = seconds * 1000000000 + fraction;
	return true;
}

bool time_parse(struct span text, struct wall_time *ret)
{
	text = span_trim(text);
	return (text.len > 4 && text.data[4] == '-') ? parse_rfc3339(text, &ret->ns)
						     : parse_number(text, &ret->ns);
}
