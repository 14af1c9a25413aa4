/* SPDX-License-Identifier: MIT */
#include "cli/authority.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "cli/cert_files.h"
#include "cli/file_edit.h"
#include "common/clock.h"
#include "common/mem.h"

enum { DAY = 24 * 60 * 60 };

static const char *const ca_files[] = { "ca.crt", "ca.key", "ca.crl", "index" };

static bool fail(struct str *problem, const char *path, const char *format, ...) PRINTF_LIKE(3, 4);

static bool fail(struct str *problem, const char *path, const char *format, ...)
{
	va_list args;

	str_append_escaped(problem, span_of_text(path));
	str_append_text(problem, ": ");
	va_start(args, format);
	str_vprintf(problem, format, args);
	va_end(args);
	return false;
}

static bool fail_openssl(struct str *problem, const char *what)
{
	str_printf(problem, "%s cannot be made: OpenSSL is out of memory or random numbers", what);
	return false;
}

static bool exists(const char *folder, const char *name, const char *suffix)
{
	AUTO_FREE char *path = cert_path(folder, name, suffix);

	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* So many days from now, but not longer than `last` when there is one. */
static time_t end_of(unsigned days, time_t last)
{
	time_t end = (time_t)wall_time_seconds(wall_time_now()) + (time_t)days * DAY;

	return last != 0 && end > last ? last : end;
}

/* --- the folder ----------------------------------------------------------------------------- */

static bool lock_folder(struct authority *a, struct str *problem)
{
	a->lock = open(a->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->lock < 0 || flock(a->lock, LOCK_EX) < 0)
		return fail(problem, a->folder, "%s", strerror(errno));
	return true;
}

static bool find_folder(struct authority *a, const char *folder, struct str *problem)
{
	*a = (struct authority){ .lock = -1 };
	a->folder = realpath(folder, NULL);
	if (a->folder != NULL)
		return true;
	return fail(problem, folder, "%s%s", strerror(errno),
			errno == ENOENT ? "; belfry cert ca makes an authority" : "");
}

static bool write_index(const struct authority *a, struct str *problem)
{
	AUTO_FREE char *path = cert_path(a->folder, "index", "");
	struct str text = { 0 };
	bool ok;

	cert_index_format(&a->index, &text);
	ok = cert_write_text(path, str_span(&text), problem);
	str_finish(&text);
	return ok;
}

static bool read_index(struct authority *a, struct str *problem)
{
	AUTO_FREE char *path = cert_path(a->folder, "index", "");
	struct file_edit f;
	bool ok = file_edit_open(&f, path, false, problem) &&
		  cert_index_parse(str_span(&f.text), path, &a->index, problem);

	file_edit_close(&f);
	return ok;
}

/* --- making one ----------------------------------------------------------------------------- */

static bool is_vacant(const struct authority *a, struct str *problem)
{
	for (size_t i = 0; i < array_size(ca_files); i++) {
		if (exists(a->folder, ca_files[i], ""))
			return fail(problem, a->folder,
					"there is an authority in it already (%s); a second one "
					"wants a folder of its own",
					ca_files[i]);
	}
	return true;
}

static bool make_ca(struct authority *a, const char *name, struct str *problem)
{
	char serial[CERT_SERIAL_TEXT], own_name[32];

	a->ca.key = cert_make_key();
	if (a->ca.key == NULL || !cert_make_serial(serial))
		return fail_openssl(problem, "a key");
	/* Two authorities of one name in a cafile would be hard to tell apart. */
	snprintf(own_name, sizeof(own_name), "belfry CA %s", serial + CERT_SERIAL_TEXT - 9);
	a->ca.certificate = cert_make_authority(
			name != NULL ? name : own_name, a->ca.key, serial, a->until);
	return a->ca.certificate != NULL || fail_openssl(problem, "a certificate");
}

/* The certificate last: without it there is no authority, and nothing is issued. */
static bool write_ca(const struct authority *a, struct str *problem)
{
	AUTO_FREE char *key = cert_path(a->folder, "ca", ".key");
	AUTO_FREE char *certificate = cert_path(a->folder, "ca", ".crt");

	return write_index(a, problem) && cert_write_key(key, a->ca.key, problem) &&
	       cert_write(certificate, a->ca.certificate, problem);
}

/* A half of an authority would be in the way of the next attempt. */
static void remove_ca(const struct authority *a)
{
	for (size_t i = 0; i < array_size(ca_files); i++) {
		AUTO_FREE char *path = cert_path(a->folder, ca_files[i], "");

		unlink(path);
	}
}

bool authority_create(struct authority *a, const char *folder, const char *name, unsigned days,
		struct str *problem)
{
	time_t next;

	*a = (struct authority){ .lock = -1 };
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return fail(problem, folder, "%s", strerror(errno));
	if (!find_folder(a, folder, problem) || !lock_folder(a, problem) || !is_vacant(a, problem))
		return false;
	a->until = end_of(days, 0);
	if (!make_ca(a, name, problem))
		return false;
	if (write_ca(a, problem) && authority_write_crl(a, 0, &next, problem))
		return true;
	remove_ca(a);
	return false;
}

/* --- opening one ---------------------------------------------------------------------------- */

static bool read_key(struct authority *a, const char *certificate, struct str *problem)
{
	AUTO_FREE char *path = cert_path(a->folder, "ca", ".key");

	a->ca.key = cert_read_key(path, problem);
	if (a->ca.key == NULL)
		return false;
	if (X509_check_private_key(a->ca.certificate, a->ca.key) != 1)
		return fail(problem, path, "is not the key of %s; take the right one from a backup",
				certificate);
	return true;
}

static bool read_ca(struct authority *a, bool for_reading, struct str *problem)
{
	AUTO_FREE char *path = cert_path(a->folder, "ca", ".crt");

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return fail(problem, a->folder,
				"there is no authority in it; belfry cert ca makes one");
	a->ca.certificate = cert_read(path, problem);
	if (a->ca.certificate == NULL)
		return false;
	a->until = cert_time_of(X509_get0_notAfter(a->ca.certificate));
	return for_reading || read_key(a, path, problem);
}

bool authority_open(struct authority *a, const char *folder, bool for_reading, struct str *problem)
{
	return find_folder(a, folder, problem) && (for_reading || lock_folder(a, problem)) &&
	       read_ca(a, for_reading, problem) && read_index(a, problem);
}

void authority_close(struct authority *a)
{
	if (a->lock >= 0)
		close(a->lock);
	X509_free(a->ca.certificate);
	EVP_PKEY_free(a->ca.key);
	cert_index_finish(&a->index);
	free(a->folder);
	*a = (struct authority){ .lock = -1 };
}

/* --- issuing -------------------------------------------------------------------------------- */

/* What one certificate is made of, and where it goes. */
struct issue {
	struct cert_subject subject;
	char *certificate_path, *key_path; /* owned */
	EVP_PKEY *key;
	X509 *model;
	bool is_new_key;
};

static bool is_alive(const struct authority *a, struct str *problem)
{
	char until[CERT_TIME_TEXT];

	if (end_of(0, 0) < a->until)
		return true;
	return fail(problem, a->folder,
			"the authority has ended on %s; make another one in a new folder, and its "
			"certificates anew",
			cert_time_format(a->until, until));
}

static bool is_free(const struct authority *a, const char *name, struct str *problem)
{
	const struct cert_entry *e = cert_index_find(&a->index, name, false);
	char until[CERT_TIME_TEXT];

	if (e != NULL)
		return fail(problem, name,
				"has a certificate, valid until %s; --renew makes a new one for "
				"the same key, and belfry cert revoke takes it back",
				cert_time_format(e->until, until));
	if (cert_index_find(&a->index, name, true) == NULL &&
			(exists(a->folder, name, ".crt") || exists(a->folder, name, ".key")))
		return fail(problem, name,
				"there are files of this name in %s that the authority has not "
				"made; move them away",
				a->folder);
	return true;
}

static bool may_renew(
		const struct authority *a, const struct cert_subject *subject, struct str *problem)
{
	const struct cert_entry *e = cert_index_find(&a->index, subject->name, false);

	if (e == NULL && cert_index_find(&a->index, subject->name, true) != NULL)
		return fail(problem, subject->name,
				"is revoked, and gets a new key: leave --renew away");
	if (e == NULL)
		return fail(problem, subject->name,
				"has no certificate to renew; belfry cert list names those there "
				"are");
	if (e->kind != subject->kind)
		return fail(problem, subject->name, "is a %s: belfry cert %s",
				cert_kind_name(e->kind), cert_kind_name(e->kind));
	return true;
}

static bool take_key(struct issue *i, struct str *problem)
{
	i->key = cert_read_key(i->key_path, problem);
	if (i->key == NULL)
		str_append_text(problem, "; when it is lost, revoke the name and make it anew");
	return i->key != NULL;
}

static bool take_hosts(struct issue *i, struct str *problem)
{
	i->subject.model = i->model = cert_read(i->certificate_path, problem);
	if (i->model == NULL)
		str_append_text(problem, "; when it is lost, give the ALTNAMEs once more");
	return i->model != NULL;
}

static bool prepare(const struct authority *a, struct issue *i, bool renew, struct str *problem)
{
	if (!is_alive(a, problem))
		return false;
	if (renew) {
		if (!may_renew(a, &i->subject, problem) || !take_key(i, problem))
			return false;
		if (i->subject.kind == CERT_CLIENT || i->subject.host_count > 0)
			return true;
		return take_hosts(i, problem);
	}
	if (!is_free(a, i->subject.name, problem))
		return false;
	i->key = cert_make_key();
	i->is_new_key = true;
	return i->key != NULL || fail_openssl(problem, "a key");
}

static bool issue(struct authority *a, const struct issue *i, time_t until, struct str *problem)
{
	char serial[CERT_SERIAL_TEXT];
	X509 *certificate = NULL;
	bool ok;

	if (cert_make_serial(serial))
		certificate = cert_make(&i->subject, i->key, serial, until, &a->ca);
	if (certificate == NULL)
		return fail_openssl(problem, "a certificate");
	cert_index_add(&a->index, serial, i->subject.kind, until, span_of_text(i->subject.name));
	ok = write_index(a, problem) &&
	     (!i->is_new_key || cert_write_key(i->key_path, i->key, problem)) &&
	     cert_write(i->certificate_path, certificate, problem);
	X509_free(certificate);
	return ok;
}

bool authority_issue(struct authority *a, const struct cert_subject *subject, bool renew,
		unsigned days, time_t *ret_until, struct str *problem)
{
	struct issue i = { .subject = *subject };
	bool ok;

	i.certificate_path = cert_path(a->folder, subject->name, ".crt");
	i.key_path = cert_path(a->folder, subject->name, ".key");
	*ret_until = end_of(days, a->until);
	ok = prepare(a, &i, renew, problem) && issue(a, &i, *ret_until, problem);
	EVP_PKEY_free(i.key);
	X509_free(i.model);
	free(i.certificate_path);
	free(i.key_path);
	return ok;
}

/* --- revoking ------------------------------------------------------------------------------- */

bool authority_revoke(struct authority *a, const char *name, struct str *problem)
{
	const struct cert_entry *before = cert_index_find(&a->index, name, true);
	struct cert_entry *e = cert_index_find(&a->index, name, false);
	char date[CERT_TIME_TEXT];

	if (e == NULL && before != NULL)
		return fail(problem, name,
				"was revoked on %s; belfry cert crl writes the list again",
				cert_time_format(before->revoked, date));
	if (e == NULL)
		return fail(problem, name,
				"has no certificate here; belfry cert list names those there are");
	for (; e != NULL; e = cert_index_find(&a->index, name, false))
		e->revoked = end_of(0, 0);
	return write_index(a, problem);
}

bool authority_write_crl(struct authority *a, unsigned days, time_t *ret_next, struct str *problem)
{
	AUTO_FREE char *path = cert_path(a->folder, "ca", ".crl");
	X509_CRL *crl;
	bool ok;

	if (!is_alive(a, problem))
		return false;
	*ret_next = days > 0 ? end_of(days, a->until) : a->until;
	crl = cert_make_crl(&a->index, *ret_next, &a->ca);
	if (crl == NULL)
		return fail_openssl(problem, "a revocation list");
	ok = cert_write_crl(path, crl, problem);
	X509_CRL_free(crl);
	return ok;
}
