/* SPDX-License-Identifier: MIT */
/*
 * What the broker itself says of who published a message (publisher_properties): MQTT 5 user
 * properties behind those of the publisher, which may not bear these names.
 *
 *     belfry-client     its client identifier
 *     belfry-user       its user name, when it has one
 *     belfry-address    where it is connected from: "10.0.0.7:49152"
 *
 * They are for those alone who may read the topic PUBLISHER_RIGHT, which is never published to;
 * without an acl_file that is everybody.
 */
#ifndef BROKER_CORE_PUBLISHER_H
#define BROKER_CORE_PUBLISHER_H

#include "broker/core/shard.h"

#define PUBLISHER_RIGHT "$SYS/broker/belfry/publisher"

/*
 * The properties for messages of this connected client, encoded; empty while the setting is off.
 * Valid as long as the client.
 */
struct span publisher_properties(struct client *c);

/* Is the session's client, which is connected, told who publishes? */
bool publisher_is_told(const struct session *s);

/* Is it the name of one of these properties? */
bool publisher_owns_name(struct span name);

#endif
