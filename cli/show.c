/* SPDX-License-Identifier: MIT */
#include "cli/show.h"

#include <stdlib.h>

void show_bytes(struct str *into, double bytes)
{
	static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB" };
	size_t unit = 0;

	for (; bytes >= 1000 && unit + 1 < array_size(units); unit++)
		bytes /= 1000;
	str_printf(into, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

void show_seconds(struct str *into, double seconds)
{
	unsigned long long s;

	if (!(seconds > 0 && seconds < 1e15)) /* also what is no number */
		seconds = 0;
	s = (unsigned long long)seconds;
	if (s >= 86400)
		str_printf(into, "%llu d %llu h", s / 86400, s / 3600 % 24);
	else if (s >= 3600)
		str_printf(into, "%llu h %llu min", s / 3600, s / 60 % 60);
	else if (s >= 60)
		str_printf(into, "%llu min %llu s", s / 60, s % 60);
	else if (s >= 10 || seconds < 0.05)
		str_printf(into, "%llu s", s);
	else
		str_printf(into, "%.1f s", seconds);
}

void show_number(struct str *into, double number)
{
	if (number >= 99.95 || number < 0.005)
		str_printf(into, "%.0f", number);
	else
		str_printf(into, number >= 9.995 ? "%.1f" : "%.2f", number);
}

bool colours_wanted(FILE *out)
{
	const char *none = getenv("NO_COLOR");

	return isatty(fileno(out)) && (none == NULL || *none == '\0');
}

const char *colour_on(enum colour colour, bool wanted)
{
	static const char *const sequences[] = {
		[COLOUR_NONE] = "",
		[COLOUR_GREEN] = "\033[32m",
		[COLOUR_YELLOW] = "\033[33m",
		[COLOUR_RED] = "\033[31m",
		[COLOUR_MAGENTA] = "\033[35m",
		[COLOUR_DIM] = "\033[2m",
		[COLOUR_BOLD] = "\033[1m",
	};

	return wanted ? sequences[colour] : "";
}

const char *colour_off(enum colour colour, bool wanted)
{
	return wanted && colour != COLOUR_NONE ? "\033[0m" : "";
}

enum colour colour_of_state(const char *state)
{
	static const struct {
		const char *state;
		enum colour colour;
	} states[] = {
		{ "OK", COLOUR_GREEN },
		{ "UP", COLOUR_GREEN },
		{ "WARNING", COLOUR_YELLOW },
		{ "CRITICAL", COLOUR_RED },
		{ "DOWN", COLOUR_RED },
		{ "UNKNOWN", COLOUR_MAGENTA },
		{ "UNREACHABLE", COLOUR_MAGENTA },
	};

	for (size_t i = 0; i < array_size(states); i++) {
		if (strcmp(state, states[i].state) == 0)
			return states[i].colour;
	}
	return COLOUR_NONE;
}
