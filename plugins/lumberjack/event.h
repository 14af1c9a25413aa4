/* SPDX-License-Identifier: MIT */
/*
 * What a beats input takes for an event: a JSON object, but not any.
 *
 * Logstash puts the members of an event into one of its own, where some names mean something. A
 * wrong kind of value under one of these, or a key that it reads as a reference to a field and
 * cannot, is an exception in its input, and that closes the connection with nothing of the window
 * acknowledged. It would be so each time that the window is sent again.
 *
 * Pure. Elastic Agent, Vector and Graylog take more, but nobody can see who listens.
 */
#ifndef PLUGINS_LUMBERJACK_EVENT_H
#define PLUGINS_LUMBERJACK_EVENT_H

#include "common/span.h"
#include "plugins/relay.h"

/*
 * False with the reason: it is none. `gets_metadata`: an @metadata is put behind what stands in the
 * text, so that the text's own does not count.
 */
bool event_is_taken(struct span text, bool gets_metadata, char why[RELAY_REASON]);

#endif
