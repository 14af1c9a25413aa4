/* SPDX-License-Identifier: MIT */
/*
 * Hashes of passwords, as they stand in a password file:
 *
 *     $scrypt$ln=14,r=8,p=1$SALT$HASH      scrypt (RFC 7914) in PHC form, what belfry writes
 *     $7$ITERATIONS$SALT$HASH              Mosquitto's: PBKDF2 with HMAC-SHA-512
 *     $6$SALT$HASH                         Mosquitto's before 2.0: SHA-512 of password and salt
 *
 * Salt and hash are Base64, unpadded in the first form and padded in the others. A line of a file
 * decides how long a verification takes, so what it may ask for is bounded: 256 MiB, and a second
 * or two of today's machines.
 *
 * A password_hash is a plain value without pointers: it may be copied, and compared with
 * password_hash_equal(). Functions may be called from any thread. Whatever is derived from a
 * password is overwritten before they return; nothing here is fit for a log.
 */
#ifndef COMMON_PASSWORD_H
#define COMMON_PASSWORD_H

#include "common/str.h"

enum password_scheme { PASSWORD_SCRYPT, PASSWORD_PBKDF2_SHA512, PASSWORD_SHA512 };

enum {
	PASSWORD_MAX_SALT = 64,
	PASSWORD_MAX_HASH = 64,
	PASSWORD_MAX_ITERATIONS = 1000000,
	/* About 50 ms each: noticed by who tries millions, and by nobody who logs in. */
	PASSWORD_SCRYPT_LN = 14,
	PASSWORD_ITERATIONS = 25000,
};

/* No padding between the fields and behind them: its bytes stand for it. */
struct password_hash {
	uint32_t scheme; /* enum password_scheme */
	uint32_t cost;	 /* iterations of PBKDF2; of scrypt log2 N */
	uint8_t r, p;	 /* of scrypt */
	uint8_t salt_len, hash_len;
	uint8_t salt[PASSWORD_MAX_SALT];
	uint8_t hash[PASSWORD_MAX_HASH];
};

/* Does the text claim to be a hash, of these forms or one that belfry does not read? */
bool password_is_hashed(struct span text);

/*
 * Read a hash. False with a sentence in *problem that says what is wrong, without the text itself.
 */
bool password_hash_parse(struct span text, struct password_hash *ret, struct str *problem);

void password_hash_format(const struct password_hash *h, struct str *into);

static inline bool password_hash_equal(const struct password_hash *a, const struct password_hash *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/*
 * Hash a password with a fresh salt. `cost` as in struct password_hash, 0 for what is usual.
 * Takes as long as password_verify(). False when memory or the kernel's random numbers run out.
 */
bool password_hash_create(enum password_scheme scheme, uint32_t cost, struct span password,
		struct password_hash *ret);

/*
 * Is it the password? Slow by design; takes as long for the right one as for any other. One with
 * a NUL in it is never right.
 */
bool password_verify(const struct password_hash *h, struct span password);

#endif
