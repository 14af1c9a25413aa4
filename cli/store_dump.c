/* SPDX-License-Identifier: MIT */
#include "cli/store.h"

#include <errno.h>

#include "common/base64.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/store_salvage.h"
#include "common/utf8.h"

struct dump {
	FILE *out;
	struct str line;
	uint64_t damaged;
};

/* --- members -------------------------------------------------------------------------------- */

static void put_name(struct str *line, const char *name)
{
	str_printf(line, ",\"%s\":", name);
}

/* Text, and none when there is none. */
static void put_text(struct str *line, const char *name, struct span text)
{
	if (text.data == NULL)
		return;
	put_name(line, name);
	json_append_string(line, text);
}

/* Bytes that are text as such, others as `name`_base64. */
static void put_bytes(struct str *line, const char *name, struct span bytes)
{
	if (utf8_valid(bytes)) {
		put_text(line, name, bytes);
		return;
	}
	str_printf(line, ",\"%s_base64\":\"", name);
	base64_encode(bytes, true, line);
	str_append_byte(line, '"');
}

static void put_number(struct str *line, const char *name, uint64_t number)
{
	put_name(line, name);
	str_printf(line, "%llu", (unsigned long long)number);
}

static void put_flag(struct str *line, const char *name, bool flag)
{
	if (flag)
		str_printf(line, ",\"%s\":true", name);
}

/* Nothing for the time that never comes, and for none. */
static void put_time(struct str *line, const char *name, int64_t time)
{
	char text[WALL_TIME_TEXT];

	if (time == STORE_NEVER || time == 0)
		return;
	put_text(line, name, span_of_text(wall_time_format((struct wall_time){ time }, text)));
}

/* --- one record of each table; false when it cannot be read ---------------------------------- */

static void put_message(struct str *line, const struct stored_message *m)
{
	put_text(line, "topic", m->topic);
	put_bytes(line, "payload", m->payload);
	put_number(line, "qos", m->qos);
	put_flag(line, "retain", m->retain);
	put_flag(line, "is_retained", m->is_retained);
	if (m->properties.len > 0) {
		put_name(line, "properties_base64");
		str_append_byte(line, '"');
		base64_encode(m->properties, true, line);
		str_append_byte(line, '"');
	}
	put_text(line, "username", m->username);
	put_text(line, "client_id", m->client_id);
	put_text(line, "listener", m->listener);
}

static bool dump_meta(struct str *line, struct span key, struct span value)
{
	uint64_t number;

	if (!stored_meta_read(key, value, &number))
		return false;
	put_text(line, "name", key);
	if (span_equal_text(key, STORE_META_CREATED))
		put_time(line, "value", (int64_t)number);
	else
		put_number(line, "value", number);
	return true;
}

static bool dump_message(struct str *line, struct span key, struct span value)
{
	struct stored_message m;

	if (!stored_message_read(key, value, &m))
		return false;
	put_message(line, &m);
	put_time(line, "expires", m.expires);
	return true;
}

static bool dump_delivery(struct str *line, struct span key, struct span value)
{
	/* enum inflight_state of broker/core/inflight.h, which is not for us */
	static const char *const states[] = { "unsent", "wait_puback", "wait_pubrec",
		"wait_pubcomp" };
	struct stored_delivery d;

	if (!stored_delivery_read(key, value, &d))
		return false;
	put_number(line, "session", d.session);
	if (d.message != 0)
		put_number(line, "message", d.message);
	put_number(line, "qos", d.qos);
	if (d.state < array_size(states))
		put_text(line, "state", span_of_text(states[d.state]));
	if (d.packet_id != 0)
		put_number(line, "packet_id", d.packet_id);
	if (d.group != 0)
		put_number(line, "group", d.group);
	put_flag(line, "retain", d.retain);
	return true;
}

static bool dump_session(struct str *line, struct span key, struct span value)
{
	struct stored_session s;

	if (!stored_session_read(key, value, &s))
		return false;
	put_text(line, "client_id", s.client_id);
	put_text(line, "username", s.username);
	put_text(line, "listener", s.listener);
	put_number(line, "expiry_interval", s.expiry_interval);
	put_flag(line, "connected", s.ends == 0);
	put_time(line, "ends", s.ends);
	put_flag(line, "is_bridge", s.is_bridge);
	put_flag(line, "keeps_qos0", s.keeps_qos0);
	return true;
}

static bool dump_will(struct str *line, struct span key, struct span value)
{
	struct stored_will w;

	if (!stored_will_read(key, value, &w))
		return false;
	put_message(line, &w.message);
	if (w.message.expires != STORE_NEVER)
		put_number(line, "expiry_interval", (uint64_t)(w.message.expires / 1000000000));
	put_number(line, "delay", w.delay);
	put_time(line, "due", w.due);
	return true;
}

static bool dump_received(struct str *line, struct span key, struct span value)
{
	const char *separator = "";
	struct reader r;
	struct span ids;

	if (!stored_received_read(key, value, &ids))
		return false;
	r = reader_of(ids);
	put_name(line, "packet_ids");
	str_append_byte(line, '[');
	for (; reader_left(&r) > 0; separator = ",")
		str_printf(line, "%s%u", separator, read_u16(&r));
	str_append_byte(line, ']');
	return true;
}

static bool dump_subscription(struct str *line, struct span key, struct span value)
{
	struct stored_subscription s;

	if (!stored_subscription_read(key, value, &s))
		return false;
	put_number(line, "subscription", store_key_subscription(key));
	put_text(line, "filter", s.filter);
	put_text(line, "share", s.group);
	if (s.group_id != 0)
		put_number(line, "group", s.group_id);
	if (s.identifier != 0)
		put_number(line, "identifier", s.identifier);
	put_number(line, "qos", s.qos);
	put_flag(line, "no_local", s.no_local);
	put_flag(line, "retain_as_published", s.retain_as_published);
	put_flag(line, "is_awaiting", s.is_awaiting);
	return true;
}

/* --- all ------------------------------------------------------------------------------------ */

static const struct {
	const char *key; /* what its number is called; NULL: it has none */
	bool (*dump)(struct str *line, struct span key, struct span value);
} forms[STORE_TABLES] = {
	[STORE_META] = { NULL, dump_meta },
	[STORE_MESSAGES] = { "message", dump_message },
	[STORE_DELIVERIES] = { "delivery", dump_delivery },
	[STORE_SESSIONS] = { "session", dump_session },
	[STORE_WILLS] = { "session", dump_will },
	[STORE_RECEIVED] = { "session", dump_received },
	[STORE_SUBSCRIPTIONS] = { "session", dump_subscription },
};

static int dump_record(void *owner, enum store_table table, struct span key, struct span value,
		bool is_good, bool is_older)
{
	struct dump *d = owner;

	str_clear(&d->line);
	str_printf(&d->line, "{\"table\":\"%s\"", store_table_name(table));
	if (forms[table].key != NULL)
		put_number(&d->line, forms[table].key, store_key_number(key));
	put_flag(&d->line, "is_older", is_older);
	if (!is_good || !forms[table].dump(&d->line, key, value)) {
		put_flag(&d->line, "is_damaged", true);
		d->damaged++;
	}
	str_append_text(&d->line, "}\n");
	if (fwrite(d->line.text, 1, d->line.len, d->out) != d->line.len)
		return -errno;
	return 0;
}

int store_dump(const char *folder)
{
	struct dump d = { .out = stdout };
	const struct store_visitor visitor = { &d, NULL, dump_record };
	uint64_t gaps = 0;
	int result = store_visit(folder, &visitor, &gaps);

	if (result == 0 && fflush(stdout) != 0)
		result = -errno;
	str_finish(&d.line);
	if (result < 0)
		return store_refuse(folder, "%s", strerror(-result));
	if (gaps > 0)
		return store_refuse(folder, "is damaged; %llu records or pages could not be read",
				(unsigned long long)gaps);
	return EXIT_DONE;
}
