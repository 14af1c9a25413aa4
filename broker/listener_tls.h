/* SPDX-License-Identifier: MIT */
/*
 * TLS of a listener, from its configuration and the files that this names.
 */
#ifndef BROKER_LISTENER_TLS_H
#define BROKER_LISTENER_TLS_H

#include "broker/config.h"
#include "common/tls.h"

/*
 * Read the files of a listener, `name` in errors. *ret is NULL when nothing asks for TLS, else the
 * caller has a reference. False when something is wrong; that is in the report then. What only
 * should be mended is logged.
 */
bool listener_tls_open(const struct config *config, const struct listener_config *l,
		const char *name, struct settings_report *report, struct tls_context **ret);

/* Which name of the peer takes the place of the user name in CONNECT. */
enum tls_name listener_tls_peer_name(const struct listener_config *l);

#endif
