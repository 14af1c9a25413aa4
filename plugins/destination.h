/* SPDX-License-Identifier: MIT */
/*
 * Where a plugin sends to when the protocol has no word of arrival: a stream, plain or TLS, or
 * datagrams, as `url` says. Shared by the plugins syslog, gelf and graphite.
 *
 * Whoever sends without an answer does not see what becomes of what it sent: a peer that has gone
 * is noticed only with the next bytes. So after each batch the acknowledgements of TCP are waited
 * for, before each batch the stream is looked at, and one that is new is left alone for a moment
 * before the first batch: a server that turns its client away after the handshake (TLS 1.3 looks at
 * certificates so late; lists of allowed addresses) has closed it by then, and nothing is lost in
 * it.
 *
 * It blocks, on the thread of the output.
 */
#ifndef PLUGINS_DESTINATION_H
#define PLUGINS_DESTINATION_H

#include "common/udp.h"
#include "common/url.h"
#include "plugins/relay.h"

/* What `url` may begin with; the scheme "udp" stands for datagrams. Borrowed. */
struct destination_settings {
	const char *url;
	const struct url_scheme *schemes;
	uint64_t timeout; /* seconds */
};

/* The scheme of the url; NULL, with what is wrong with the url. */
const struct url_scheme *destination_check(
		const struct destination_settings *settings, char problem[RELAY_REASON]);

struct destination;

/* The settings have passed destination_check(). */
struct destination *destination_create(
		const struct relay_host *host, const struct destination_settings *settings);
void destination_destroy(struct destination *d); /* accepts NULL */

bool destination_is_datagram(const struct destination *d);

/* Connected, as far as that can be told; connects when it is not. False with a reason. */
bool destination_ready(struct destination *d, char reason[RELAY_REASON]);

/*
 * Send all of it, which may be nothing. False with a reason: some of it may have arrived. The first
 * is for streams: the kernel of the other side has all of it then. The second is for datagrams.
 */
bool destination_send(struct destination *d, struct span bytes, char reason[RELAY_REASON]);
bool destination_send_datagrams(struct destination *d, const struct datagrams *datagrams,
		char reason[RELAY_REASON]);

#endif
