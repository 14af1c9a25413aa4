/* SPDX-License-Identifier: MIT */
/*
 * What a listener asks of its clients and lets them do. One for all listeners, or with
 * per_listener_settings one for each. It is made from the configuration and never changed: a
 * reload makes a new one and gives it to those whom it concerns.
 *
 * Listeners, clients and sessions hold references: a session needs it for what it is sent when its
 * client is away.
 */
#ifndef BROKER_CORE_POLICY_H
#define BROKER_CORE_POLICY_H

#include "broker/mqtt/types.h"
#include "common/settings.h"

struct acl;
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
	char *auto_id_prefix;		    /* owned; NULL: none */
	char *mount_point;		    /* owned; NULL: none. Put before every topic */
	struct text_list clientid_prefixes; /* owned; empty: any identifier */
	const struct acl *acl;		    /* borrowed; NULL: everything is allowed */
	struct password_file *passwords;    /* a reference; NULL: user names are not verified */
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

static inline uint8_t policy_version(enum mqtt_version version)
{
	return (uint8_t)(1 << version);
}

/* May a client have this identifier? (clientid_prefixes) */
bool policy_takes_client_id(const struct policy *p, struct span id);

#endif
