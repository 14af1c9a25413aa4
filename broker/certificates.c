/* SPDX-License-Identifier: MIT */
#include "broker/certificates.h"

#include "common/log.h"
#include "common/tls_certificate.h"

uint64_t certificates_expiry(const struct listener *listeners)
{
	uint64_t first = 0;

	for (const struct listener *l = listeners; l != NULL; l = l->next) {
		uint64_t expiry = l->tls != NULL ? tls_certificate_expiry(l->tls) : 0;

		if (expiry > 0 && (first == 0 || expiry < first))
			first = expiry;
	}
	return first;
}

static void tell_change(
		const char *name, const struct tls_context *before, const struct tls_context *after)
{
	struct str old = { 0 }, new = { 0 };

	tls_certificate_describe(before, &old);
	tls_certificate_describe(after, &new);
	log_notice("reload: listener %s: the certificate changes from %s to %s", name,
			str_text(&old), str_text(&new));
	str_finish(&old);
	str_finish(&new);
}

void certificates_tell_changes(const struct listener *listeners, const struct resources *fresh)
{
	for (const struct listener *l = listeners; l != NULL; l = l->next) {
		const struct listener_resources *new = resources_find(fresh, l->name);
		bool is_last = listener_find(l->next, l->name) == NULL; /* of the name's sockets */

		if (new != NULL && is_last && l->tls != NULL &&new->tls != NULL &&
				!tls_certificate_equal(l->tls, new->tls))
			tell_change(l->name, l->tls, new->tls);
	}
}
