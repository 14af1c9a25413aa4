/* SPDX-License-Identifier: MIT */
/*
 * Where a server is, as an operator writes it:
 *
 *     mqtt://HOST[:PORT]   mqtts://HOST[:PORT]   unix:/PATH
 *
 * and for url_parse_path() also /PATH behind HOST. HOST is a name, an IPv4 address or [an IPv6
 * address]; USER@ may stand before it, and before PATH. A password in the text is refused, because
 * it would show up in logs and backups.
 */
#ifndef COMMON_URL_H
#define COMMON_URL_H

#include "common/span.h"
#include "common/str.h"

struct url_scheme {
	const char *name; /* NULL ends the list; "unix" is followed by a path */
	uint16_t port;	  /* when the text names none */
	bool tls;
};

/* Zeroed memory is a valid empty one. */
struct url {
	const struct url_scheme *scheme; /* borrowed from the caller's list */
	char *user;			 /* NULL: none */
	char *host;			 /* of "unix", the path */
	uint16_t port;			 /* 0 of "unix" */
	char *path;			 /* behind HOST/; NULL: none */
};

/*
 * Take `text` apart. False with a sentence in *problem (what is wrong and what would be right)
 * otherwise; *ret is then empty.
 */
bool url_parse(struct span text, const struct url_scheme *schemes, struct url *ret,
		struct str *problem);

/* The same, and a path may stand behind the host. */
bool url_parse_path(struct span text, const struct url_scheme *schemes, struct url *ret,
		struct str *problem);

void url_finish(struct url *url);

/* As url_parse() reads it, without the user and the path. */
void url_format(const struct url *url, struct str *into);

#endif
