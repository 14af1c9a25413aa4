/* SPDX-License-Identifier: MIT */
/*
 * What `belfry cert` says: the files it has made with the lines that put them to use, and the
 * list of what there is. All on stdout.
 */
#ifndef CLI_CERT_PRINT_H
#define CLI_CERT_PRINT_H

#include "cli/authority.h"

void cert_print_authority(const struct authority *a);
void cert_print_server(const struct authority *a, const char *name, time_t until);
void cert_print_client(const struct authority *a, const char *name, time_t until);

/* `revoked`: whom, or NULL when the list alone was written again. */
void cert_print_crl(const struct authority *a, const char *revoked, time_t next);

/* Everything in the index, with what ends soon; *problem when ca.crl cannot be read. */
bool cert_print_list(const struct authority *a, struct str *problem);

#endif
