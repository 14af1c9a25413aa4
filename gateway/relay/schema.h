/* SPDX-License-Identifier: MIT */
/*
 * What a record of the journal looks like to a relay.
 *
 *     record ─▶ schema_write ─┬─▶ logstash   one flat JSON object, `host` a string
 *                             ├─▶ ecs        one nested JSON object, Elastic Common Schema 8.11
 *                             ├─▶ raw        the payload as it came; of a result its output line
 *                             └─▶ template   what the operator wrote, gateway/relay/template.h
 *
 * Of the JSON schemas: one object, on one line, without a line end; valid UTF-8 and no key twice,
 * whatever bytes topic, payload and properties are made of. Nothing a publisher sends can take the
 * place of a key of the schema: JSON of a payload stays below `payload` (ecs: `mqtt.payload`), user
 * properties below `user_properties`, labels of performance data below `nagios.perf`. Logstash and
 * Elasticsearch index by these names, and a field has one type for ever:
 *
 *   - `payload` is an object or absent. JSON that is none (a number, a text, a list) is only in
 *     `message`, as is what is not JSON by the gateway's strict reading (json_scan.h).
 *   - `message` is a text or absent; bytes that are no UTF-8 text, or have a NUL in them, are
 *     base64 there, and `payload_encoding` (`mqtt.payload_encoding`) says so.
 *   - `client_ip` (`client.ip`) is an IP address or absent.
 *   - A limit that is a range ("10:20") is a text under `warn_range`, `crit_range`; `warn` and
 *     `crit` are numbers. A dot in a label becomes `_`: Elasticsearch reads it as a level.
 *
 * Of what one message can bring without bound, 256 metrics and user properties are taken; the
 * latter are counted in `user_properties_left_out`, the former are in `perfdata` as text. The DUP
 * flag is not known to the gateway, so neither schema has it.
 *
 * `@timestamp` is when the check ran if its publisher said so, else when the message was received;
 * `received` (`event.created`) is always the latter. `event_id` (`event.id`) is origin_event_id().
 *
 * Pure but for what schema_write() keeps between records: one thread at a time. Nothing is
 * allocated for a record once `into` and the scratch memory have grown to their size.
 */
#ifndef GATEWAY_RELAY_SCHEMA_H
#define GATEWAY_RELAY_SCHEMA_H

#include "common/settings.h"
#include "gateway/relay/origin.h"
#include "gateway/relay/template.h"

enum schema_kind { SCHEMA_LOGSTASH, SCHEMA_ECS, SCHEMA_RAW, SCHEMA_TEMPLATE };

/* What the JSON schemas take over of the payload of a RECORD_MESSAGE. */
enum schema_payload {
	SCHEMA_PAYLOAD_JSON, /* its text, and as an object when it is one */
	SCHEMA_PAYLOAD_TEXT, /* its text only */
	SCHEMA_PAYLOAD_NONE, /* neither */
};

/* The words of the settings; NULL ends the lists. */
extern const struct setting_choice schema_kinds[];
extern const struct setting_choice schema_payloads[];

/* All borrowed until schema_destroy(). */
struct schema_options {
	enum schema_kind kind;
	enum schema_payload payload;
	struct origin origin;
	const struct text_list *tags;		/* `tags`; NULL or empty: none */
	const char *type;			/* `type`, of logstash only; NULL: none */
	const struct record_template *template; /* SCHEMA_TEMPLATE */
	uint64_t seed;				/* hash_seed() */
};

struct schema;

struct schema *schema_create(const struct schema_options *options);
/* Accepts NULL. */
void schema_destroy(struct schema *s);

/*
 * Append the record, which is a RECORD_RESULT or a RECORD_MESSAGE: filter_passes() lets no other
 * kind through. Text of raw and template may have line ends in it, and any bytes.
 */
void schema_write(struct schema *s, struct str *into, const struct record *record);

#endif
