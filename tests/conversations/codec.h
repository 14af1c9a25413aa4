/* SPDX-License-Identifier: MIT */
/*
 * Words to bytes and back: a second implementation of MQTT's packets, written from the
 * specification and sharing nothing with broker/mqtt, so that a mistake there is not repeated
 * here. What a client sends may be as wrong as a script wants it; what the broker sends is
 * described strictly, and a packet that breaks the specification is no packet.
 */
#ifndef TESTS_CONVERSATIONS_CODEC_H
#define TESTS_CONVERSATIONS_CODEC_H

#include "common/wire.h"
#include "tests/conversations/fields.h"

enum { LEVEL_3_1 = 3, LEVEL_3_1_1 = 4, LEVEL_5 = 5 };

/* Control packet types by number; NULL for 0. */
const char *packet_name(unsigned type);
unsigned packet_number(const char *name);

/*
 * Append the packet of `f` for a client that speaks `level`. False with a sentence in *problem
 * when a field is not known.
 */
bool packet_build(struct fields *f, unsigned level, struct str *into, struct str *problem);

/* "raw 10 0c "MQTT" 04": hex bytes and quoted text as they are. */
bool packet_build_raw(const char *words, struct str *into, struct str *problem);

/* Bytes of the first packet of `input`, 0 while that is not whole. */
size_t packet_length(struct span input);

/*
 * Describe a packet from the broker to a client that speaks `level` into the empty *ret. False
 * with a sentence in *problem when it breaks the specification.
 */
bool packet_describe(struct span packet, unsigned level, struct fields *ret, struct str *problem);

/* May a server of version 5 give that reason in a packet of that type? */
bool reason_is_allowed(unsigned type, uint8_t reason);

/* May a packet be described with a field of that name? For scripts with a typing error. */
bool packet_field_known(const char *name);

/* --- properties, in properties.c ---------------------------------------------------------- */

/* The full name of what may be abbreviated: "message-expiry" is "message-expiry-interval". */
const char *property_full_name(const char *name);
bool property_is_known(const char *name);

/*
 * Write the length and those fields of `f` that are properties and have `prefix` ("" or "will-")
 * in front of their names, in their order.
 */
void properties_build(struct fields *f, const char *prefix, struct writer *w);

/*
 * Read properties of a packet of type `where` into fields. False when the specification does not
 * allow what is there.
 */
bool properties_describe(struct reader *r, unsigned where, struct fields *ret, struct str *problem);

#endif
