/* SPDX-License-Identifier: MIT */
/*
 * The stage of a connection that comes through a proxy: the PROXY header is taken off the front of
 * its bytes and the client held to what the listener asks. From there on everything is passed
 * through. Without a good header no byte reaches the streams above.
 */
#ifndef BROKER_IO_PROXY_STREAM_H
#define BROKER_IO_PROXY_STREAM_H

#include "broker/io/proxy_header.h"
#include "broker/io/stream.h"

struct proxy_rules {
	enum proxy_version version; /* PROXY_NONE: no proxy, no stream */
	bool require_tls;	    /* between client and proxy; version 2 alone tells */
	bool require_certificate;   /* that the proxy has verified */
	bool use_identity;	    /* its common name becomes the client's user name */
};

extern const struct stream_class proxy_stream_class;

/* Takes `below`. */
struct stream *proxy_stream_create(struct stream *below, const struct proxy_rules *rules);

/* Where the client is; AF_UNSPEC as long as it is not known, or is the proxy itself. */
const struct sockaddr_storage *proxy_stream_source(const struct stream *s);

/* The common name of its certificate, "": none. Lives as long as the stream. */
const char *proxy_stream_common_name(const struct stream *s);

#endif
