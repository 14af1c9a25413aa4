/* SPDX-License-Identifier: MIT */
#include "common/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "common/base64.h"
#include "common/mem.h"

enum {
	MAX_LN = 21,
	MAX_R = 32,
	MAX_P = 16,
	/* Of r * p * 2^ln: twice what OWASP recommends, 16 times what belfry writes. */
	MAX_SCRYPT_WORK = 1 << 21,
	MAX_SCRYPT_MEMORY = 256 * 1024 * 1024,
	MIN_HASH = 16,
	SCRYPT_SALT = 16,
	SCRYPT_HASH = 32,
	MOSQUITTO_SALT = 12, /* it takes no other */
	SHA512_HASH = 64,
};

_Static_assert(sizeof(struct password_hash) == 12 + PASSWORD_MAX_SALT + PASSWORD_MAX_HASH,
		"struct password_hash has padding");

/* --- text ----------------------------------------------------------------------------------- */

static const struct {
	const char *prefix;
	enum password_scheme scheme;
} schemes[] = {
	{ "$scrypt$", PASSWORD_SCRYPT },
	{ "$7$", PASSWORD_PBKDF2_SHA512 },
	{ "$6$", PASSWORD_SHA512 },
};

static bool has_prefix(struct span text, const char *prefix)
{
	return span_starts_with(text, span_of_text(prefix));
}

bool password_is_hashed(struct span text)
{
	for (size_t i = 0; i < array_size(schemes); i++) {
		if (has_prefix(text, schemes[i].prefix))
			return true;
	}
	return has_prefix(text, "$argon2");
}

static bool fail(struct str *problem, const char *what)
{
	str_append_text(problem, what);
	return false;
}

static bool parse_iterations(struct span text, struct password_hash *h, struct str *problem)
{
	uint64_t n;

	if (!span_to_uint(text, UINT32_MAX, &n))
		return fail(problem, "has no number of iterations behind $7$");
	if (n < 1 || n > PASSWORD_MAX_ITERATIONS) {
		str_printf(problem, "asks for %llu iterations, more than 1 to %d",
				(unsigned long long)n, PASSWORD_MAX_ITERATIONS);
		return false;
	}
	h->cost = (uint32_t)n;
	return true;
}

/* "ln=14" into *ret; `name` is "ln=". */
static bool parse_parameter(struct span *rest, const char *name, uint64_t most, uint32_t *ret)
{
	struct span part = span_cut(rest, ',');
	uint64_t n;

	if (!has_prefix(part, name) || !span_to_uint(span_from(part, strlen(name)), most, &n) ||
			n == 0)
		return false;
	*ret = (uint32_t)n;
	return true;
}

static bool parse_scrypt(struct span text, struct password_hash *h, struct str *problem)
{
	uint32_t ln, r, p;

	if (!parse_parameter(&text, "ln=", MAX_LN, &ln) ||
			!parse_parameter(&text, "r=", MAX_R, &r) ||
			!parse_parameter(&text, "p=", MAX_P, &p) || text.data != NULL)
		return fail(problem, "has no parameters of the form ln=14,r=8,p=1, within bounds, "
				     "behind $scrypt$");
	if (((uint64_t)r * p << ln) > MAX_SCRYPT_WORK ||
			((uint64_t)128 * r << ln) > MAX_SCRYPT_MEMORY)
		return fail(problem, "asks for more than 256 MiB or seconds of work");
	h->cost = ln;
	h->r = (uint8_t)r;
	h->p = (uint8_t)p;
	return true;
}

static bool parse_salt_and_hash(struct span text, struct password_hash *h, struct str *problem)
{
	struct span salt = span_cut(&text, '$');
	size_t salt_len, hash_len;

	if (!base64_decode(salt, h->salt, sizeof(h->salt), &salt_len) || salt_len == 0)
		return fail(problem, "has no salt in Base64");
	if (text.data == NULL || !base64_decode(text, h->hash, sizeof(h->hash), &hash_len))
		return fail(problem, "has no hash in Base64 behind its salt");
	if (hash_len < MIN_HASH || (h->scheme != PASSWORD_SCRYPT && hash_len != SHA512_HASH))
		return fail(problem, "has a hash of a wrong length");
	h->salt_len = (uint8_t)salt_len;
	h->hash_len = (uint8_t)hash_len;
	return true;
}

static bool parse_hash(struct span text, struct password_hash *h, struct str *problem)
{
	bool ok = false;

	for (size_t i = 0; i < array_size(schemes); i++) {
		if (has_prefix(text, schemes[i].prefix)) {
			h->scheme = schemes[i].scheme;
			text = span_from(text, strlen(schemes[i].prefix));
			ok = true;
			break;
		}
	}
	if (!ok)
		return fail(problem,
				has_prefix(text, "$argon2")
						? "is an Argon2 hash, which belfry does not read"
						: "is not hashed");
	if (h->scheme == PASSWORD_SCRYPT)
		ok = parse_scrypt(span_cut(&text, '$'), h, problem);
	else if (h->scheme == PASSWORD_PBKDF2_SHA512)
		ok = parse_iterations(span_cut(&text, '$'), h, problem);
	return ok && parse_salt_and_hash(text, h, problem);
}

bool password_hash_parse(struct span text, struct password_hash *ret, struct str *problem)
{
	struct password_hash h;

	memset(&h, 0, sizeof(h));
	if (!parse_hash(text, &h, problem))
		return false;
	*ret = h;
	return true;
}

void password_hash_format(const struct password_hash *h, struct str *into)
{
	bool is_padded = h->scheme != PASSWORD_SCRYPT;

	if (h->scheme == PASSWORD_SCRYPT)
		str_printf(into, "$scrypt$ln=%u,r=%u,p=%u$", h->cost, h->r, h->p);
	else if (h->scheme == PASSWORD_PBKDF2_SHA512)
		str_printf(into, "$7$%u$", h->cost);
	else
		str_append_text(into, "$6$");
	base64_encode(span_of(h->salt, h->salt_len), is_padded, into);
	str_append_byte(into, '$');
	base64_encode(span_of(h->hash, h->hash_len), is_padded, into);
}

/* --- hashing -------------------------------------------------------------------------------- */

static bool derive_sha512(
		const struct password_hash *h, struct span password, uint8_t out[PASSWORD_MAX_HASH])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context != NULL && EVP_DigestInit_ex(context, EVP_sha512(), NULL) == 1 &&
		  EVP_DigestUpdate(context, password.data, password.len) == 1 &&
		  EVP_DigestUpdate(context, h->salt, h->salt_len) == 1 &&
		  EVP_DigestFinal_ex(context, out, NULL) == 1;

	EVP_MD_CTX_free(context);
	return ok;
}

static bool derive(
		const struct password_hash *h, struct span password, uint8_t out[PASSWORD_MAX_HASH])
{
	const char *text = password.len > 0 ? (const char *)password.data : "";

	if (h->scheme == PASSWORD_SCRYPT)
		/* the limit that OpenSSL sets by itself is 32 MiB */
		return EVP_PBE_scrypt(text, password.len, h->salt, h->salt_len,
				       UINT64_C(1) << h->cost, h->r, h->p,
				       2 * (uint64_t)MAX_SCRYPT_MEMORY, out, h->hash_len) == 1;
	if (h->scheme == PASSWORD_PBKDF2_SHA512)
		return PKCS5_PBKDF2_HMAC(text, (int)password.len, h->salt, h->salt_len,
				       (int)h->cost, EVP_sha512(), h->hash_len, out) == 1;
	return derive_sha512(h, password, out);
}

bool password_verify(const struct password_hash *h, struct span password)
{
	uint8_t derived[PASSWORD_MAX_HASH];
	bool is_right = derive(h, password, derived) &&
			CRYPTO_memcmp(derived, h->hash, h->hash_len) == 0;

	wipe(derived, sizeof(derived));
	/* HMAC fills its key up with NULs: "x" and "x\0" have the same hash. */
	return is_right && span_find(password, '\0') == password.len;
}

bool password_hash_create(enum password_scheme scheme, uint32_t cost, struct span password,
		struct password_hash *ret)
{
	bool is_scrypt = scheme == PASSWORD_SCRYPT;

	memset(ret, 0, sizeof(*ret));
	ret->scheme = scheme;
	if (scheme != PASSWORD_SHA512)
		ret->cost = cost > 0 ? cost : is_scrypt ? PASSWORD_SCRYPT_LN : PASSWORD_ITERATIONS;
	ret->r = is_scrypt ? 8 : 0;
	ret->p = is_scrypt ? 1 : 0;
	ret->salt_len = is_scrypt ? SCRYPT_SALT : MOSQUITTO_SALT;
	ret->hash_len = is_scrypt ? SCRYPT_HASH : SHA512_HASH;
	return RAND_bytes(ret->salt, ret->salt_len) == 1 && derive(ret, password, ret->hash);
}
