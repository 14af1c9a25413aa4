/* SPDX-License-Identifier: MIT */
#include "gateway/result/reject.h"

#include "common/clock.h"
#include "common/json.h"
#include "common/utf8.h"

enum {
	/* Enough to recognise what was sent; the rest of a 2 MB state word tells nobody more. */
	MAX_DETAIL_BYTES = 256,
};

static const struct reject_info infos[REJECT_COUNT] = {
	[REJECT_NONE] = { "none", "The result was accepted.", "Nothing to do." },
	[REJECT_NOT_JSON] = { "not-json", "The payload is not JSON.",
			"Send one JSON object, such as {\"code\":2,\"reason\":\"disk full\"}, or "
			"let "
			"the route take plain text." },
	[REJECT_NOT_OBJECT] = { "not-an-object", "A result has to be a JSON object.",
			"Send {...}, an array of {...}, or {\"checkresults\":[...]}." },
	[REJECT_TOO_DEEP] = { "too-deep", "The JSON is nested more than 32 levels deep.",
			"Send a flat object; only perfdata has levels of its own." },
	[REJECT_TOO_MANY] = { "too-many-keys", "An object has more than 64 keys.",
			"Send only the keys of a check result; split perfdata over several "
			"results." },
	[REJECT_DUPLICATE_KEY] = { "duplicate-key", "An object has the same key twice.",
			"Send each key once; upper and lower case do not make two keys of one." },
	[REJECT_NOT_UTF8] = { "not-utf8", "The payload is not UTF-8.",
			"Convert text to UTF-8 before it is sent." },
	[REJECT_LONE_SURROGATE] = { "lone-surrogate",
			"A \\u escape is half of a UTF-16 pair, which is not a character.",
			"Escape both halves of the pair, or send the character as UTF-8." },
	[REJECT_NUL] = { "nul", "The payload contains the character NUL.",
			"Send text only; do not send the NUL that ends a C string." },
	[REJECT_NO_STATE] = { "no-state", "The result has no state.",
			"Add \"state\": 0, 1, 2 or 3, or a word such as CRITICAL; without it "
			"nothing "
			"is assumed." },
	[REJECT_BAD_STATE] = { "bad-state", "The state cannot be read.",
			"Send 0, 1, 2, 3 or OK, WARNING, CRITICAL, UNKNOWN; of a host 0, 1, 2 or "
			"UP, "
			"DOWN, UNREACHABLE. Several keys for the state have to agree." },
	[REJECT_NO_HOST] = { "no-host", "Neither topic nor payload name the host.",
			"Publish to a topic that carries the host, or add \"host\"." },
	[REJECT_BAD_HOST] = { "bad-host", "This cannot be the name of a host.",
			"Use at most 255 bytes of UTF-8 without ';', control characters, and "
			"blanks at the ends; in a topic, write % as %25." },
	[REJECT_BAD_SERVICE] = { "bad-service", "This cannot be the name of a service.",
			"Use at most 255 bytes of UTF-8 without ';', control characters, and "
			"blanks at the ends; in a topic, write % as %25." },
	[REJECT_HOST_MISMATCH] = { "host-mismatch",
			"The payload names another host than the topic.",
			"Publish to the topic of that host, or leave the host out of the "
			"payload." },
	[REJECT_SERVICE_MISMATCH] = { "service-mismatch",
			"The payload names another service than the topic.",
			"Publish to the topic of that service, or leave the service out of the "
			"payload." },
	[REJECT_BAD_TIME] = { "bad-time", "The time cannot be read.",
			"Send seconds since 1970, or RFC 3339 with its time zone, such as "
			"2026-11-23T04:05:06Z." },
	[REJECT_BAD_VALUE] = { "bad-value", "A value is of the wrong kind.",
			"Send text where text is expected and numbers where numbers are; perfdata "
			"is text, or an object {\"label\": number}." },
	[REJECT_TOO_LARGE] = { "too-large",
			"The payload is larger than 4 MiB, or its results fill 64 MiB of the "
			"journal.",
			"Send shorter output, or fewer results at once." },
	[REJECT_NO_TEXT] = { "no-text", "The text does not start with a state.",
			"Start it with 0, 1, 2, 3, OK, WARNING, CRITICAL or UNKNOWN and a blank, "
			"such "
			"as \"CRITICAL disk full | used=98%\"." },
	[REJECT_NO_ROUTE] = { "no-route", "No route takes this topic.",
			"Add a route for the topic to the gateway's configuration." },
	[REJECT_NOT_ALLOWED] = { "not-allowed",
			"The publisher may not submit this for this host and service.",
			"Publish as a user who may, or let a submit block of the gateway's "
			"configuration allow it." },
	[REJECT_DUPLICATE] = { "duplicate", "A result with this id came before.",
			"Give each result an id of its own; repeat one only to send the same "
			"result again." },
	[REJECT_OUT_OF_ORDER] = { "out-of-order",
			"A newer result of the same host and service came before.",
			"Send results in the order of their times, and keep the clocks of all "
			"who send them right." },
	[REJECT_TOO_OLD] = { "too-old", "The result is older than max_age allows.",
			"Check the publisher's clock and what held the result up, or raise "
			"max_age." },
	[REJECT_TOO_NEW] = { "too-new", "The time of the result lies in the future.",
			"Set the publisher's clock, or raise max_skew." },
	[REJECT_UNKNOWN_HOST] = { "unknown-host", "The core has no host of this name.",
			"Add the host to the core's configuration (belfry hosts pending shows a "
			"snippet), or correct the name; upper and lower case differ." },
	[REJECT_UNKNOWN_SERVICE] = { "unknown-service",
			"The core has no service of this name on this host.",
			"Add the service to the core's configuration (belfry hosts pending shows a "
			"snippet), or correct the name; upper and lower case differ." },
	[REJECT_REFUSED] = { "refused", "The core does not take the result.",
			"Look whether passive results are switched on for the host or service." },
	[REJECT_BAD_COMMAND] = { "bad-command", "The command cannot be carried out.",
			"Send one of the commands that a line commands of the gateway's route "
			"names, with the values that it needs." },
};

const struct reject_info *reject_info(enum reject reject)
{
	return &infos[(unsigned)reject < REJECT_COUNT ? reject : REJECT_NONE];
}

enum reject reject_of_code(struct span code)
{
	for (size_t i = 0; i < REJECT_COUNT; i++) {
		if (span_equal_text(code, infos[i].code))
			return (enum reject)i;
	}
	return REJECT_REFUSED;
}

void reject_format(struct str *into, const struct rejection *r, struct span topic,
		struct span gateway_id)
{
	const struct reject_info *info = reject_info(r->reject);
	struct span detail = utf8_first(r->detail, MAX_DETAIL_BYTES);

	str_append_text(into, "{\"code\":");
	json_append_string(into, span_of_text(info->code));
	json_append_member(into, "reason", span_of_text(info->reason));
	json_append_member(into, "remedy", span_of_text(info->remedy));
	json_append_member(into, "detail", detail);
	json_append_member(into, "topic", topic);
	str_printf(into, ",\"index\":%zu", r->index);
	json_append_member(into, "host", r->host);
	json_append_member(into, "service", r->service);
	json_append_time(into, "time", wall_time_now());
	json_append_member(into, "gateway", gateway_id);
	str_append_byte(into, '}');
}
