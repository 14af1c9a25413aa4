/* SPDX-License-Identifier: MIT */
/*
 * Who may do what: the rules of an acl_file, as Mosquitto understands them.
 *
 *     topic read news/#              clients without a user name
 *     user alice
 *     topic write plant/+/state      clients with this user name
 *     topic deny plant/7/#
 *     pattern readwrite own/%u/#     all clients; %u is the user name, %c the client identifier
 *
 * What no rule allows is denied, and so is everything when there is no rule. The rules of the
 * client's user name (or those for clients without one) are asked first: one that denies the topic
 * decides, else one that allows it. Then the patterns, in the same way. Only a rule that itself
 * begins with `$` says anything about topics that do.
 *
 * No name that a stranger chose widens a pattern (CVE-2017-7650): one with `+` or `#` in it makes
 * all patterns void for that client, one with `/` the patterns that would insert it and allow, and
 * none turns a pattern into one for topics that begin with `$`.
 *
 * A user's filters form a tree of levels, so that a question costs the same with ten rules and with
 * a hundred thousand. Rules are added once, before anybody asks; shared by reference count.
 */
#ifndef BROKER_CORE_ACL_H
#define BROKER_CORE_ACL_H

#include "common/span.h"

struct acl;

enum acl_access { ACL_READ = 1, ACL_WRITE = 2 };

/* What a rule gives: a set of enum acl_access, or this alone. */
enum { ACL_DENY = 4 };

/* Without rules, and with a reference for the caller. `seed` keys its hash table. */
struct acl *acl_create(uint64_t seed);
struct acl *acl_ref(struct acl *acl);

/* Accepts NULL. */
void acl_unref(struct acl *acl);

/* Add a rule for a user name; empty: for clients without one. The filter is valid. */
void acl_add_topic(struct acl *acl, struct span username, unsigned rights, struct span filter);

/* Add a rule for all clients; the filter is valid as it stands, with %u and %c in it. */
void acl_add_pattern(struct acl *acl, unsigned rights, struct span filter);

/* Who asks. An empty user name is none. */
struct acl_subject {
	struct span username, client_id;
};

/* May it read or write the valid name `topic`? Without allocation. */
bool acl_allows(const struct acl *acl, const struct acl_subject *subject, struct span topic,
		enum acl_access access);

/*
 * Is there anything under the valid `filter` that it may read? Only then a subscription makes
 * sense; what it brings is asked message by message. May say yes for a filter whose every name is
 * denied by several rules together.
 */
bool acl_allows_filter(
		const struct acl *acl, const struct acl_subject *subject, struct span filter);

#endif
