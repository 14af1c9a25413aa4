/* SPDX-License-Identifier: MIT */
/*
 * A certificate authority, which is a folder:
 *
 *     ca.crt  ca.key    its certificate and the key that it signs with
 *     index             what it has issued (cert_index.h)
 *     ca.crl            what of that is revoked
 *     NAME.crt NAME.key of each server and client
 *
 * A certificate stands in the index before it exists, so that every one can be revoked. Two that
 * change the folder at the same time wait for each other. Whatever fails leaves a sentence in
 * *problem that names file and remedy.
 */
#ifndef CLI_AUTHORITY_H
#define CLI_AUTHORITY_H

#include "cli/cert_make.h"

struct authority {
	char *folder;		  /* without links, from the root on */
	int lock;		  /* on the folder; -1: none */
	struct cert_authority ca; /* the key is NULL when it was opened for reading */
	struct cert_index index;
	time_t until; /* when its own certificate ends */
};

enum { AUTHORITY_DAYS = 3650, CERT_DAYS = 825 };

/* Make one in a folder that is new, or has none in it yet. `name` NULL: one of its own. */
bool authority_create(struct authority *a, const char *folder, const char *name, unsigned days,
		struct str *problem);

/* For reading nothing is locked, and no key needed. */
bool authority_open(struct authority *a, const char *folder, bool for_reading, struct str *problem);

/*
 * A certificate and a key. A name that has a certificate already is refused, unless `renew`: then
 * the key stays, and so do a server's other names unless new ones are given. A revoked name is
 * free again. None is valid for longer than the authority. The certificate's end is in *ret_until.
 */
bool authority_issue(struct authority *a, const struct cert_subject *subject, bool renew,
		unsigned days, time_t *ret_until, struct str *problem);

/* Revoke all certificates of a name; ca.crl is then still to be written. */
bool authority_revoke(struct authority *a, const char *name, struct str *problem);

/* Write ca.crl, to be renewed in so many days; 0: when the authority ends. */
bool authority_write_crl(struct authority *a, unsigned days, time_t *ret_next, struct str *problem);

/* Accepts one that could not be opened. */
void authority_close(struct authority *a);

#endif
