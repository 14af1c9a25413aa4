/* SPDX-License-Identifier: MIT */
/*
 * What a listener asks of its clients and lets them do. One for all listeners, or with
 * per_listener_settings one for each. It is made from the configuration and then not changed: a
 * reload makes a new one, and the old one leads to it.
 *
 * Listeners, clients and sessions hold references: a session needs it for what it is sent when its
 * client is away.
 */
#ifndef BROKER_CORE_POLICY_H
#define BROKER_CORE_POLICY_H

#include "broker/core/acl.h"
#include "broker/mqtt/types.h"
#include "common/settings.h"

struct password_file;

struct policy {
	unsigned refs;
	bool allow_anonymous; /* clients that send no user name */
	bool allow_zero_length_clientid;
	bool use_username_as_clientid;
	uint8_t versions;		    /* accepted: set of policy_version() */
	uint8_t max_qos;		    /* that clients publish with and are granted */
	uint16_t max_topic_alias;	    /* that clients may set */
	uint16_t max_topic_alias_broker;    /* that the broker sets at most */
	char *listener;			    /* its name, owned; NULL: none */
	char *auto_id_prefix;		    /* owned; NULL: none */
	char *mount_point;		    /* owned; NULL: none. Put before every topic */
	struct text_list clientid_prefixes; /* owned; empty: any identifier */
	struct acl *acl;		    /* a reference; NULL: everything is allowed */
	struct password_file *passwords;    /* a reference; NULL: user names are not verified */
	struct policy *successor;	    /* a reference; NULL: no reload has replaced it */
};

/* The defaults of mosquitto.conf, with a reference for the caller. Nobody is let in yet. */
struct policy *policy_create(void);

static inline struct policy *policy_ref(struct policy *p)
{
	p->refs++;
	return p;
}

/* Accepts NULL. */
void policy_unref(struct policy *p);

/*
 * A reload has made `policy` in place of `old`, for whoever asks policy_follow(). Who does not has
 * the new rules all the same.
 */
void policy_replace(struct policy *old, struct policy *policy);

/* Let go of a policy that was replaced and hold the one that is current. */
void policy_follow(struct policy **held);

/* Let go of *held, which may be NULL, and hold `policy` in its place. */
void policy_move(struct policy **held, struct policy *policy);

/* Takes a reference to the rules; NULL: everything is allowed. */
void policy_set_acl(struct policy *p, struct acl *acl);

static inline uint8_t policy_version(enum mqtt_version version)
{
	return (uint8_t)(1 << version);
}

/* May a client have this identifier? (clientid_prefixes) */
bool policy_takes_client_id(const struct policy *p, struct span id);

#endif
