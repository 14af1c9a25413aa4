/* SPDX-License-Identifier: MIT */
/*
 * What an authority has issued, as it stands in the file `index` of its folder: a line for each
 * certificate, oldest first, blanks between the fields, the name last because it may hold blanks.
 *
 *     # belfry cert: serial, kind, valid until, revoked on, name
 *     5b1f...e2 server 2029-02-25T05:11:00Z - broker.example.org
 *     71c0...09 client 2029-02-25T05:12:30Z 2026-11-23T06:00:00Z web 1
 *
 * Pure: the file is the caller's business.
 */
#ifndef CLI_CERT_INDEX_H
#define CLI_CERT_INDEX_H

#include <time.h>

#include "common/str.h"

enum { CERT_SERIAL_BYTES = 16, CERT_SERIAL_TEXT = 2 * CERT_SERIAL_BYTES + 1, CERT_TIME_TEXT = 24 };

enum cert_kind { CERT_SERVER, CERT_CLIENT };

struct cert_entry {
	char serial[CERT_SERIAL_TEXT]; /* hexadecimal, small letters */
	enum cert_kind kind;
	time_t until;
	time_t revoked; /* 0: it is not */
	char *name;	/* owned */
};

struct cert_index {
	struct cert_entry *entries;
	size_t count, capacity;
};

/* "server", "client" */
const char *cert_kind_name(enum cert_kind kind);

/* "2029-02-25T05:11:00Z"; returns `text`. */
const char *cert_time_format(time_t t, char text[CERT_TIME_TEXT]);

/* Read the file. False with "FILE:LINE: ..." in *problem; the index is then to be finished too. */
bool cert_index_parse(
		struct span text, const char *file, struct cert_index *index, struct str *problem);

void cert_index_format(const struct cert_index *index, struct str *into);

/* One more at the end, `name` copied, not revoked. Pointers to entries may move. */
struct cert_entry *cert_index_add(struct cert_index *index, const char *serial, enum cert_kind kind,
		time_t until, struct span name);

/* The newest of this name that is, or that is not, revoked; NULL: none. */
struct cert_entry *cert_index_find(
		const struct cert_index *index, const char *name, bool is_revoked);

void cert_index_finish(struct cert_index *index);

#endif
