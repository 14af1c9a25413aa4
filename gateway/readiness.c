/* SPDX-License-Identifier: MIT */
#include "gateway/readiness.h"

#include "common/json.h"

static void add_reason(struct str *into, const char *code, const char *subject, const char *reason)
{
	if (into->len > 0)
		str_append_byte(into, ',');
	str_printf(into, "{\"code\":\"%s\",\"subject\":", code);
	json_append_string(into, span_of_text(subject));
	str_append_text(into, ",\"reason\":");
	json_append_string(into, span_of_text(reason));
	str_append_byte(into, '}');
}

static void look_at_brokers(const struct status *s, struct str *reasons)
{
	struct str why = { 0 };

	for (size_t i = 0; i < s->broker_count; i++) {
		const struct broker_status *b = &s->brokers[i];

		if (b->view.connected) {
			str_finish(&why);
			return;
		}
		str_printf(&why, "%s%s: %s", i > 0 ? "; " : "", b->url,
				b->last_error != NULL ? b->last_error : "not connected yet");
	}
	add_reason(reasons, "no-broker", "", str_text(&why));
	str_finish(&why);
}

static void look_at_output(const struct output_status *o, uint64_t ready_lag, struct str *reasons)
{
	if (o->connected || (ready_lag > 0 && o->lag <= (double)ready_lag))
		return;
	add_reason(reasons, "unreachable", o->name,
			o->problem != NULL ? o->problem : "was not reached yet");
}

bool readiness_format(const struct status *s, uint64_t ready_lag, struct str *into)
{
	struct str reasons = { 0 };
	bool ready;

	look_at_brokers(s, &reasons);
	if (strcmp(s->state, "full") == 0)
		add_reason(&reasons, "journal-full", "",
				"the journal is full (journal_max_size): no messages are taken "
				"until an output has caught up");
	for (size_t i = 0; i < s->output_count; i++)
		look_at_output(&s->outputs[i], ready_lag, &reasons);
	ready = reasons.len == 0;
	str_printf(into, "{\"ready\":%s,\"reasons\":[%s]}", ready ? "true" : "false",
			str_text(&reasons));
	str_finish(&reasons);
	return ready;
}
