/* SPDX-License-Identifier: MIT */
#include "gateway/intake/admit_impl.h"

static const struct span state_level = SPAN("/$state");

bool admit_is_presence(struct span topic)
{
	return topic.len > state_level.len &&
	       span_equal(span_from(topic, topic.len - state_level.len), state_level);
}
struct span admit_without_state(struct span topic)
{
	return admit_is_presence(topic) ? span_first(topic, topic.len - state_level.len) : topic;
}

/* What the publisher left open is the route's to say. */
static struct presence presence_of(const struct admit *a, const struct presence_message *m)
{
	bool is_host = a->service.len == 0;

	return (struct presence){
		.host = str_span(&a->host),
		.service = str_span(&a->service),
		.is_there = m->word == PRESENCE_THERE,
		.delay = m->delay >= 0 ? seconds(m->delay) : a->route->will_delay,
		.rule = { .ttl = m->ttl > 0 ? m->ttl : 0,
				.becomes = m->has_becomes ? m->becomes
					   : is_host	  ? admit_host_down
							  : a->route->silence.becomes },
	};
}

/* The topic is that of the object and one level more. */
void admit_presence(struct admit *a)
{
	struct span topic = a->message->topic;
	struct record record = admit_part(a, RECORD_PRESENCE);
	struct rejection bad = { 0 };
	struct presence_message m;

	if (!admit_object(a, state_level))
		return;
	bad.host = str_span(&a->host);
	bad.service = str_span(&a->service);
	bad.reject = presence_decode(
			a->reader, a->message->payload, a->service.len == 0, &m, &bad.detail);
	if (bad.reject != REJECT_NONE) {
		admit_refuse(a, &bad);
	} else if (m.word != PRESENCE_NOTHING &&
			admit_may_speak(a, bad.host, bad.service, SUBMIT_STATE, 0)) {
		record.naming = a->route->naming;
		record.presence = presence_of(a, &m);
		record_batch_add(&a->records, &record);
		record.presence.rule.context = admit_context(a, topic, record.naming);
		admit_note_known(a, standings_present(a->standings, &record.presence, a->arrival));
	}
}
