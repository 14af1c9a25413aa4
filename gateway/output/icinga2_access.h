/* SPDX-License-Identifier: MIT */
/*
 * What it takes to speak to Icinga: where it is, whom to trust, and requests that say who asks.
 * It is read from files, anew whenever nothing is connected, so that a file that is mended needs no
 * restart.
 */
#ifndef GATEWAY_OUTPUT_ICINGA2_ACCESS_H
#define GATEWAY_OUTPUT_ICINGA2_ACCESS_H

#include "common/str.h"
#include "common/tls.h"
#include "common/url.h"
#include "gateway/output/icinga2.h"

/* Zeroed memory is none. */
struct icinga2_access {
	struct url url;
	struct tls_context *context;
	struct str ask_permissions; /* whole requests */
	struct str ask_program;
	struct str headers; /* of a request with content, up to the value of Content-Length */
	struct str request; /* made by icinga2_access_post() */
};

/* False after appending to *problem what is wrong, and what would be right. */
bool icinga2_access_load(struct icinga2_access *access, const struct icinga2_config *config,
		struct str *problem);

/* The head of a request for an action; until the next one. */
struct span icinga2_access_post(
		struct icinga2_access *access, struct span action, size_t content_length);

void icinga2_access_finish(struct icinga2_access *access);

#endif
