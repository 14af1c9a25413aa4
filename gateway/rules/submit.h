/* SPDX-License-Identifier: MIT */
/*
 * Who may speak for whom. The topic says for which host and service a message speaks, and the
 * broker's access rules who may publish to it; `submit` blocks narrow that:
 *
 *     submit web-team
 *     user      web-*              one of each of these that is given has to match:
 *     client    agent-*            user name, client identifier,
 *     address   10.1.0.0/16        and where it is connected from
 *     hosts     web* db1           for which hosts; default: all
 *     services  Disk* HTTP -       for which services, `-` is the host itself; default: all
 *     results   service host       kinds of messages; default: service host state
 *
 * Without any block everything is allowed. With blocks a message needs one whose every line
 * matches. A block without user, client and address is for everybody; one with any of them only
 * for publishers that the broker names (publisher.h).
 *
 * Patterns are those of common/glob.h. Pure.
 */
#ifndef GATEWAY_RULES_SUBMIT_H
#define GATEWAY_RULES_SUBMIT_H

#include "common/network.h"
#include "common/settings.h"
#include "gateway/rules/publisher.h"

enum submit_kind {
	SUBMIT_SERVICE = 1, /* a result of a service */
	SUBMIT_HOST = 2,    /* of a host itself */
	SUBMIT_STATE = 4,   /* that it is there, or that it is gone */
	SUBMIT_COMMAND = 8,
};

/* One block as it is asked; each list holds single words. */
struct submit_rule {
	char *name;
	struct text_list users, clients, hosts, services;
	struct network *addresses;
	size_t address_count;
	unsigned kinds; /* set of enum submit_kind; 0: all but commands */
};

void submit_rule_finish(struct submit_rule *r);

/* Add the words of a line to one of the lists. */
void submit_add_words(struct text_list *list, struct span line);

/* False with the word in *ret_wrong: no network, no kind. */
bool submit_add_addresses(struct submit_rule *r, struct span line, struct span *ret_wrong);
bool submit_add_kinds(struct submit_rule *r, struct span line, struct span *ret_wrong);

/* An empty service is the host itself. */
bool submit_allows(const struct submit_rule *rules, size_t count, const struct publisher *publisher,
		struct span host, struct span service, enum submit_kind kind);

#endif
