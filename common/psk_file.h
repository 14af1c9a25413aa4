/* SPDX-License-Identifier: MIT */
/*
 * The pre-shared keys of a psk_file, one a line:
 *
 *     # comment
 *     IDENTITY:HEXKEY
 *
 * Blanks around both are no part of them. A line that is wrong in any way is an error and never a
 * key; so is an identity that is there twice.
 *
 * Never changed once it is parsed; shared by reference count. The keys are overwritten at the end.
 */
#ifndef COMMON_PSK_FILE_H
#define COMMON_PSK_FILE_H

#include "common/settings.h"

/* What OpenSSL takes. */
enum { PSK_MAX_IDENTITY = 256, PSK_MAX_KEY = 512 };

struct psk_file;

/*
 * The keys in `text`, with one reference for the caller. `name` stands for the file in errors,
 * `seed` keys the table. On errors NULL: all of them are in *report, none with any part of a key.
 */
struct psk_file *psk_file_parse(
		struct span text, const char *name, uint64_t seed, struct settings_report *report);

struct psk_file *psk_file_ref(struct psk_file *f);
/* Accepts NULL. */
void psk_file_unref(struct psk_file *f);

/* The key of an identity, at least one byte, valid as long as the file; data is NULL: no key. */
struct span psk_file_key(const struct psk_file *f, struct span identity);

/* The identity of a file that has one alone; it is valid as long as the file. False: several, none.
 */
bool psk_file_single(const struct psk_file *f, struct span *ret_identity);

/*
 * A key in hexadecimal, as a psk_file and bridge_psk have it: at most PSK_MAX_KEY bytes into `at`.
 * An odd number of digits has a 0 in front, as in Mosquitto. Returns the length, 0 when the text
 * is no such key.
 */
size_t psk_key_parse(struct span hex, uint8_t at[PSK_MAX_KEY]);

#endif
