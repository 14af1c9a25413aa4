/* SPDX-License-Identifier: MIT */
/*
 * Times by a format, as strftime(3) has it: in UTC, and without a locale, so that there are no
 * names of months or days. One table says which conversions there are; gateway/relay/template.h
 * tells the operator.
 *
 * Pure. Any thread.
 */
#ifndef GATEWAY_RELAY_TIME_FORMAT_H
#define GATEWAY_RELAY_TIME_FORMAT_H

#include "common/clock.h"
#include "common/str.h"

/*
 * The first conversion that there is not ("%Q", or a "%" at the end), as a part of the format;
 * empty when there is none such.
 */
struct span time_format_unknown(struct span format);

/* Append all that there are, " %Y %y %m" and so on. */
void time_format_append_known(struct str *into);

/* Append the time. time_format_unknown() has found nothing. */
void time_format_append(struct str *into, const char *format, struct wall_time time);

#endif
