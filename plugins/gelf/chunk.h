/* SPDX-License-Identifier: MIT */
/*
 * A message of GELF as datagrams: one, or, when it does not fit, at most 128 chunks, each behind
 *
 *     1e 0f   id, 8 bytes   number, 1 byte   how many, 1 byte
 *
 * A server that has not got all of them within five seconds forgets the message.
 */
#ifndef PLUGINS_GELF_CHUNK_H
#define PLUGINS_GELF_CHUNK_H

#include "common/udp.h"

enum { GELF_CHUNK_HEADER = 12, GELF_MOST_CHUNKS = 128 };

/*
 * Append the datagrams of a message, none longer than `size`, which is more than the header. `id`
 * is another one for each message. False when it takes too many chunks; nothing is appended then.
 */
bool gelf_append_chunks(struct datagrams *into, struct span message, size_t size, uint64_t id);

#endif
