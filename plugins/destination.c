/* SPDX-License-Identifier: MIT */
#include "plugins/destination.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/utf8.h"

enum { FIRST_MOMENT_MS = 100 }; /* at least, for a server that turns its client away */

struct destination {
	const struct relay_host *host;
	struct url url;
	uint32_t timeout_ms;
	struct relay_stream *stream; /* NULL: not connected */
	struct udp *udp;	     /* the same */
	unsigned turn;		     /* of the addresses of a name */
};

static void copy_reason(char reason[RELAY_REASON], const struct str *text)
{
	struct span cut = utf8_first(str_span(text), RELAY_REASON - 1);

	snprintf(reason, RELAY_REASON, "%.*s", SPAN_ARGS(cut));
}

const struct url_scheme *destination_check(
		const struct destination_settings *settings, char problem[RELAY_REASON])
{
	struct str why = { 0 };
	struct url url;
	const struct url_scheme *scheme = NULL;

	str_append_text(&why, "url ");
	if (url_parse(span_of_text(settings->url), settings->schemes, &url, &why)) {
		scheme = url.scheme;
		if (url.user != NULL) {
			str_append_text(&why, "names a user, and this protocol knows none; write "
					      "it without USER@");
			scheme = NULL;
		}
		url_finish(&url);
	}
	if (scheme == NULL)
		copy_reason(problem, &why);
	str_finish(&why);
	return scheme;
}

struct destination *destination_create(
		const struct relay_host *host, const struct destination_settings *settings)
{
	struct destination *d = xcalloc(1, sizeof(*d));
	struct str why = { 0 };

	d->host = host;
	d->timeout_ms = (uint32_t)(settings->timeout * 1000);
	if (!url_parse(span_of_text(settings->url), settings->schemes, &d->url, &why))
		abort(); /* it has passed destination_check() */
	str_finish(&why);
	return d;
}

static void leave(struct destination *d)
{
	if (d->stream != NULL)
		d->host->close(d->stream);
	udp_close(d->udp);
	d->stream = NULL;
	d->udp = NULL;
	d->turn++;
}

void destination_destroy(struct destination *d)
{
	if (d == NULL)
		return;
	leave(d);
	url_finish(&d->url);
	free(d);
}

bool destination_is_datagram(const struct destination *d)
{
	return strcmp(d->url.scheme->name, "udp") == 0;
}

/* --- datagrams ------------------------------------------------------------------------------ */

/* Take over what `why` says and leave; always false. */
static bool fail(struct destination *d, struct str *why, char reason[RELAY_REASON])
{
	copy_reason(reason, why);
	str_finish(why);
	leave(d);
	return false;
}

static bool udp_ready(struct destination *d, char reason[RELAY_REASON])
{
	struct udp_place place = {
		.host = d->url.host,
		.port = d->url.port,
		.stop_fd = d->host->stop_fd,
		.timeout_ms = d->timeout_ms,
	};
	struct str why = { 0 };

	if (d->udp == NULL)
		d->udp = udp_open(&place, d->turn, &why);
	if (d->udp == NULL || !udp_is_fine(d->udp, &why))
		return fail(d, &why, reason);
	return true;
}

bool destination_send_datagrams(
		struct destination *d, const struct datagrams *datagrams, char reason[RELAY_REASON])
{
	struct str why = { 0 };

	return udp_ready(d, reason) && (udp_send(d->udp, datagrams, &why) || fail(d, &why, reason));
}

/* --- streams -------------------------------------------------------------------------------- */

/* Has the server, which has taken the connection, let us in? It needs as long as connecting did. */
static bool was_let_in(struct destination *d, struct duration connecting, char reason[RELAY_REASON])
{
	uint32_t moment = (uint32_t)(duration_milliseconds(connecting) * 2);

	if (moment < FIRST_MOMENT_MS)
		moment = FIRST_MOMENT_MS;
	if (d->host->sleep(d->host, moment < d->timeout_ms ? moment : d->timeout_ms)) {
		snprintf(reason, RELAY_REASON, "the gateway is ending");
		return false;
	}
	if (d->host->is_open(d->stream))
		return true;
	snprintf(reason, RELAY_REASON,
			"%.100s closes the connection as soon as it is made; make it allow this "
			"machine%s",
			d->url.host, d->url.scheme->tls ? ", and trust its certfile" : "");
	return false;
}

static bool stream_ready(struct destination *d, char reason[RELAY_REASON])
{
	struct relay_place place = {
		.host = d->url.host,
		.port = d->url.port,
		.tls = d->url.scheme->tls,
		.timeout_ms = d->timeout_ms,
	};
	struct instant start = instant_now();

	if (d->stream != NULL && d->host->is_open(d->stream))
		return true;
	leave(d);
	d->stream = d->host->connect(d->host, &place, reason);
	if (d->stream == NULL)
		return false;
	if (was_let_in(d, instant_between(start, instant_now()), reason))
		return true;
	leave(d);
	return false;
}

bool destination_send(struct destination *d, struct span bytes, char reason[RELAY_REASON])
{
	if (bytes.len == 0)
		return true;
	if (!stream_ready(d, reason))
		return false;
	if (d->host->send(d->stream, bytes.data, bytes.len) == 0 && d->host->drain(d->stream) == 0)
		return true;
	snprintf(reason, RELAY_REASON, "%.100s: %.120s", d->url.host, d->host->why(d->stream));
	leave(d);
	return false;
}

bool destination_ready(struct destination *d, char reason[RELAY_REASON])
{
	return destination_is_datagram(d) ? udp_ready(d, reason) : stream_ready(d, reason);
}
