/* SPDX-License-Identifier: MIT */
/*
 * Text with fields of a record in it: a Redis key, an index name, a whole line.
 *
 *     belfry.${host|dots}.${service|dots}     logs-${time:%Y.%m.%d}     {"t":"${topic|json}"}
 *
 *     ${topic}  ${topic[2]}  ${topic[2..4]}  ${topic[2..]}    levels count from 0, percent-decoded
 *     ${host}  ${service}  ${state}  ${state_text}            of a check result; state is a number,
 *     ${output}  ${long_output}  ${perfdata}                  state_text OK, WARNING, …, UP, DOWN;
 *                                                             host also of a message that has one
 *     ${payload}                                              of a message, as it came
 *     ${client}  ${user}  ${address}                          who published it, where that is known
 *     ${id}  ${gateway}                                       see gateway/relay/origin.h
 *     ${time}  ${received}  ${time:%Y.%m.%d}                  UTC; without a format RFC 3339
 *
 * A format knows %Y %y %m %d %H %M %S %F %T %j %G %V, %s (seconds since 1970), %L and %N (the three
 * and nine digits behind the second) and %%. ${time} is a check's own time if it has one.
 *
 * Filters follow a bar, and work from left to right: `json` escapes for the inside of a JSON
 * string, `url` percent-encodes, `lower` makes A-Z small, `dots` turns every byte but letters,
 * digits, `-` and `_` into `_`, so that a field is one level of a dotted name. `$$` is a dollar.
 *
 * A field that a record has not is empty. Nothing but `json` looks at what the bytes are.
 */
#ifndef GATEWAY_RELAY_TEMPLATE_H
#define GATEWAY_RELAY_TEMPLATE_H

#include "gateway/relay/origin.h"

struct record_template_part;

/* Zeroed memory is a valid empty template. Once parsed any number of threads may expand it. */
struct record_template {
	struct record_template_part *parts;
	size_t count;
	size_t capacity;
};

/*
 * False with a sentence in *problem, which says at which column, counted from 1, and what to write
 * instead; *ret is then empty.
 */
bool record_template_parse(struct span text, struct record_template *ret, struct str *problem);
void record_template_finish(struct record_template *t);

/* Does it say the same of every record? */
bool record_template_is_constant(const struct record_template *t);

/* Append what it makes of the record. */
void record_template_expand(const struct record_template *t, const struct origin *origin,
		const struct record *record, struct str *into);

#endif
