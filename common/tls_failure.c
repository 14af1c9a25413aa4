/* SPDX-License-Identifier: MIT */
#include "common/tls_failure.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "common/hex.h"
#include "common/tls_context.h"

static int note_verdict(int ok, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if (!ok && context->failure != NULL) {
		context->failure->verdict = X509_STORE_CTX_get_error(store);
		context->failure->depth = X509_STORE_CTX_get_error_depth(store);
	}
	return ok;
}

void tls_failure_watch(struct tls_context *context, struct tls_failure *failure)
{
	context->failure = failure;
	SSL_CTX_set_verify(context->ctx, SSL_VERIFY_PEER, note_verdict);
}

bool tls_failure_add(struct tls_failure *failure, struct span text)
{
	static const struct span mark = SPAN("error:");
	unsigned long code = 0;
	size_t digits = 0;

	while (text.len > 0 && !span_starts_with(text, mark))
		text = span_from(text, 1);
	text = span_from(text, mark.len);
	while (digits < text.len && digits < 8 && hex_digit(text.data[digits]) >= 0)
		code = code << 4 | (unsigned long)hex_digit(text.data[digits++]);
	if (code != 0 && failure->error == 0)
		failure->error = code;
	return code != 0;
}

/* --- the server's certificate --------------------------------------------------------------- */

static void explain_name(const struct tls_failure_words *w, struct str *into)
{
	str_printf(into,
			"%s's certificate does not name %s; connect by a name that it has, or have "
			"it made for this one",
			w->peer, w->host);
}

static void explain_dates(
		const struct tls_failure *f, const struct tls_failure_words *w, struct str *into)
{
	bool expired = f->verdict == X509_V_ERR_CERT_HAS_EXPIRED;

	if (f->depth > 0)
		str_printf(into, "the certificate of an authority that signed %s's", w->peer);
	else
		str_printf(into, "%s's certificate", w->peer);
	str_append_text(into, expired ? " has expired; renew it there"
				      : " is not valid yet; do the clocks of both machines agree?");
}

static void explain_verdict(
		const struct tls_failure *f, const struct tls_failure_words *w, struct str *into)
{
	switch (f->verdict) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		explain_name(w, into);
		return;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		explain_dates(f, w, into);
		return;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		str_printf(into,
				"%s's certificate is not signed by an authority that we trust; is "
				"the "
				"right one in %s?",
				w->peer, w->trusted);
		return;
	case X509_V_ERR_CERT_REVOKED:
		str_printf(into,
				"%s's certificate has been revoked, says crlfile; it needs a new "
				"one",
				w->peer);
		return;
	case X509_V_ERR_UNABLE_TO_GET_CRL:
		str_printf(into,
				"crlfile has no list of the authority that signed %s's "
				"certificate; "
				"add that list to it",
				w->peer);
		return;
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_CRL_NOT_YET_VALID:
		str_append_text(into, "the revocation list in crlfile is out of date; get a new "
				      "one, then reload");
		return;
	case X509_V_ERR_INVALID_PURPOSE:
		str_printf(into,
				"%s's certificate is not one for a server (extendedKeyUsage); it "
				"needs another",
				w->peer);
		return;
	default:
		str_printf(into, "%s's certificate is not good: %s", w->peer,
				X509_verify_cert_error_string(f->verdict));
	}
}

/* --- what the server said ------------------------------------------------------------------- */

/* It hangs up on who has nothing to show, under several names. */
static void explain_refusal(const char *alert, const struct tls_failure_words *w, struct str *into)
{
	if (w->psk_file != NULL)
		str_printf(into,
				"%s does not take our pre-shared key: it knows no such identity, "
				"has "
				"another key for it, or takes none on this port; look at %s",
				w->peer, w->psk_file);
	else if (w->has_certificate)
		str_printf(into,
				"%s does not accept our certificate (%s): is it signed by an "
				"authority that %s trusts, valid and not revoked? Look at %s",
				w->peer, alert, w->peer, w->certfile);
	else
		str_printf(into,
				"%s wants a certificate of ours, or has no cipher in common with "
				"us; "
				"give %s and %s",
				w->peer, w->certfile, w->keyfile);
}

bool tls_failure_refuses_us(const struct tls_failure *failure)
{
	if (ERR_GET_LIB(failure->error) != ERR_LIB_SSL)
		return false;
	switch (ERR_GET_REASON(failure->error)) {
	case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
	case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
	case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
	case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
		return true;
	default:
		return false;
	}
}

/* Nothing but TLS is tried, with this one or a later version of it. */
static void explain_version(const struct tls_failure_words *w, struct str *into)
{
	if (w->tls_version != NULL && strcmp(w->tls_version, "tlsv1.3") == 0)
		str_printf(into,
				"%s does not speak TLS 1.3, which tls_version asks for; it needs a "
				"newer TLS, or we tls_version tlsv1.2",
				w->peer);
	else
		str_printf(into, "%s speaks no version of TLS from 1.2 on; it needs a newer TLS",
				w->peer);
}

static void explain_no_tls(const struct tls_failure_words *w, struct str *into)
{
	str_printf(into, "%s speaks no TLS on this port; take the port where it does", w->peer);
	if (w->plain != NULL)
		str_printf(into, ", or %s where nobody can listen in", w->plain);
}

static void explain_error(
		const struct tls_failure *f, const struct tls_failure_words *w, struct str *into)
{
	const char *text = ERR_reason_error_string(f->error);
	int reason = ERR_GET_REASON(f->error);

	if (ERR_GET_LIB(f->error) != ERR_LIB_SSL) {
		str_printf(into, "TLS failed: %s", text != NULL ? text : "no reason is known");
		return;
	}
	switch (reason) {
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
		explain_no_tls(w, into);
		return;
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
	case SSL_R_UNSUPPORTED_PROTOCOL:
		explain_version(w, into);
		return;
	case SSL_R_UNEXPECTED_EOF_WHILE_READING:
		str_printf(into,
				"%s hung up when it heard TLS; does it speak TLS on this port? "
				"Else take the port where it does",
				w->peer);
		return;
	default:
		break;
	}
	if (reason >= SSL_AD_REASON_OFFSET)
		explain_refusal(text, w, into);
	else
		str_printf(into, "TLS failed: %s", text != NULL ? text : "no reason is known");
}

void tls_failure_explain(
		const struct tls_failure *f, const struct tls_failure_words *w, struct str *into)
{
	if (f->verdict != 0)
		explain_verdict(f, w, into);
	else
		explain_error(f, w, into);
}
