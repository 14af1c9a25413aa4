/* SPDX-License-Identifier: MIT */
#include "cli/cert_print.h"

#include <openssl/x509.h>

#include "cli/cert_files.h"
#include "common/clock.h"

enum { SOON = 30 * 24 * 60 * 60, DAY = 24 * 60 * 60 };

/* A word of a command line for a shell, which may be shown on a terminal. */
static void append_word(struct str *into, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_@%+=:,./-";

	if (*text != '\0' && strspn(text, plain) == strlen(text)) {
		str_append_text(into, text);
		return;
	}
	str_append_byte(into, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			str_append_text(into, "'\\''");
		else
			str_append_byte(into, *text);
	}
	str_append_byte(into, '\'');
}

static void append_path(
		struct str *into, const struct authority *a, const char *name, const char *suffix)
{
	AUTO_FREE char *path = cert_path(a->folder, name, suffix);

	append_word(into, path);
}

/* "certfile /etc/belfry/ca/broker.crt": the value is the rest of the line, without quotes. */
static void append_setting(struct str *into, const struct authority *a, const char *keyword,
		const char *name, const char *suffix)
{
	str_printf(into, "%s %s/%s%s\n", keyword, a->folder, name, suffix);
}

static void print(struct str *text)
{
	fputs(str_text(text), stdout);
	str_finish(text);
}

/* What was made, and for how long it is valid. */
static void append_made(struct str *into, const struct authority *a, const char *name, time_t until)
{
	char date[CERT_TIME_TEXT];

	str_printf(into, "%s/%s.crt  valid until %s%s\n", a->folder, name,
			cert_time_format(until, date),
			until == a->until ? ", when the authority ends" : "");
	str_printf(into, "%s/%s.key  its private key\n\n", a->folder, name);
}

void cert_print_authority(const struct authority *a)
{
	struct str text = { 0 };
	char date[CERT_TIME_TEXT];

	str_printf(&text, "%s/ca.crt  the authority's certificate, valid until %s\n", a->folder,
			cert_time_format(a->until, date));
	str_printf(&text,
			"%s/ca.key  its key: whoever has it can let in anybody. Keep a copy in a "
			"safe place.\n"
			"%s/ca.crl  what is revoked: nothing yet\n"
			"\n"
			"Next, a certificate for the broker under each name that clients call it "
			"by, and one\nfor each client:\n\n",
			a->folder, a->folder);
	str_append_text(&text, "  belfry cert server ");
	append_word(&text, a->folder);
	str_append_text(&text, " broker.example.org 192.0.2.7\n  belfry cert client ");
	append_word(&text, a->folder);
	str_append_text(&text, " USER\n");
	print(&text);
}

void cert_print_server(const struct authority *a, const char *name, time_t until)
{
	struct str text = { 0 };

	append_made(&text, a, name, until);
	str_append_text(&text, "In belfry-broker.conf; the broker's user has to be able to read "
			       "the key:\n\nlistener 8883\n");
	append_setting(&text, a, "certfile", name, ".crt");
	append_setting(&text, a, "keyfile", name, ".key");
	str_append_text(&text, "\nand for clients that show a certificate, whose name becomes "
			       "the user name:\n\n");
	append_setting(&text, a, "cafile", "ca", ".crt");
	append_setting(&text, a, "crlfile", "ca", ".crl");
	str_append_text(&text,
			"require_certificate true\nuse_identity_as_username true\n"
			"\nClients call the broker as its certificate does, and need ca.crt to "
			"know it:\n\n  mosquitto_pub -h ");
	append_word(&text, name);
	str_append_text(&text, " -p 8883 --cafile ");
	append_path(&text, a, "ca", ".crt");
	str_append_text(&text, " -t TOPIC -m MESSAGE\n");
	print(&text);
}

void cert_print_client(const struct authority *a, const char *name, time_t until)
{
	struct str text = { 0 };

	append_made(&text, a, name, until);
	str_append_text(&text, "Take both, and ca.crt, to the client. There, with BROKER as the "
			       "server's certificate\nnames it:\n\n  mosquitto_pub -h BROKER -p "
			       "8883 --cafile ");
	append_path(&text, a, "ca", ".crt");
	str_append_text(&text, " \\\n    --cert ");
	append_path(&text, a, name, ".crt");
	str_append_text(&text, " --key ");
	append_path(&text, a, name, ".key");
	str_append_text(&text, " -t TOPIC -m MESSAGE\n\nor in belfry-gateway.conf:\n\nbroker "
			       "mqtts://BROKER:8883\n");
	append_setting(&text, a, "cafile", "ca", ".crt");
	append_setting(&text, a, "certfile", name, ".crt");
	append_setting(&text, a, "keyfile", name, ".key");
	print(&text);
}

void cert_print_crl(const struct authority *a, const char *revoked, time_t next)
{
	struct str text = { 0 };
	char date[CERT_TIME_TEXT];

	if (revoked != NULL)
		str_printf(&text, "%s is revoked.\n", revoked);
	str_printf(&text, "%s/ca.crl  next update by %s%s\n\n", a->folder,
			cert_time_format(next, date),
			next == a->until ? ", when the authority ends" : "");
	str_append_text(&text, "In belfry-broker.conf, which is read again on SIGHUP; who is "
			       "revoked is then let go:\n\n");
	append_setting(&text, a, "crlfile", "ca", ".crl");
	print(&text);
}

/* --- the list ------------------------------------------------------------------------------- */

static time_t now(void)
{
	return (time_t)wall_time_seconds(wall_time_now());
}

/* "expires within 8 days", "has expired"; nothing when it is further away than SOON. */
static bool append_warning(struct str *into, time_t until)
{
	long left = (long)(until - now()), days = (left + DAY - 1) / DAY;

	if (left > SOON)
		return false;
	if (left <= 0)
		str_append_text(into, "  has expired");
	else
		str_printf(into, "  expires within %ld day%s", days, days > 1 ? "s" : "");
	return true;
}

static void append_entry(struct str *into, const struct authority *a, const struct cert_entry *e)
{
	const struct cert_entry *newest = cert_index_find(&a->index, e->name, false);
	char date[CERT_TIME_TEXT];

	str_printf(into, "%s  %s  %s  ", cert_kind_name(e->kind), cert_time_format(e->until, date),
			e->serial);
	str_append_escaped(into, span_of_text(e->name));
	if (e->revoked != 0) {
		str_printf(into, "  revoked on %s", cert_time_format(e->revoked, date));
	} else if (e != newest) {
		str_append_text(into, "  renewed");
	} else if (append_warning(into, e->until)) {
		str_printf(into, ": belfry cert %s --renew ", cert_kind_name(e->kind));
		append_word(into, a->folder);
		str_append_byte(into, ' ');
		append_word(into, e->name);
	}
	str_append_byte(into, '\n');
}

static bool append_crl(struct str *into, const struct authority *a, struct str *problem)
{
	AUTO_FREE char *path = cert_path(a->folder, "ca", ".crl");
	X509_CRL *crl = cert_read_crl(path, problem);
	char date[CERT_TIME_TEXT];
	time_t next;

	if (crl == NULL) {
		str_append_text(problem, "; belfry cert crl writes it again");
		return false;
	}
	next = cert_time_of(X509_CRL_get0_nextUpdate(crl));
	X509_CRL_free(crl);
	str_printf(into, "ca.crl: next update by %s", cert_time_format(next, date));
	if (append_warning(into, next) && next < a->until) {
		str_append_text(into, ": belfry cert crl ");
		append_word(into, a->folder);
	}
	str_append_byte(into, '\n');
	return true;
}

bool cert_print_list(const struct authority *a, struct str *problem)
{
	struct str text = { 0 };
	char date[CERT_TIME_TEXT];
	bool ok;

	str_append_text(&text, "ca.crt: ");
	cert_append_common_name(a->ca.certificate, &text);
	str_printf(&text, ", valid until %s", cert_time_format(a->until, date));
	if (append_warning(&text, a->until))
		str_append_text(&text, ": make another authority in a new folder");
	str_append_byte(&text, '\n');
	ok = append_crl(&text, a, problem);
	if (a->index.count > 0)
		str_append_text(&text, "\nkind    valid until           serial                   "
				       "         name\n");
	for (size_t i = 0; i < a->index.count; i++)
		append_entry(&text, a, &a->index.entries[i]);
	print(&text);
	return ok;
}
