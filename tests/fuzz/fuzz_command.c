/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as what a core is asked to do. The first byte chooses: odd is of a host, even of a
 * service. What is understood has all that it needs within its bounds, and becomes exactly one of
 * the commands that are known, for its own object.
 */
#include "gateway/result/encode_command.h"
#include "gateway/result/encode_icinga2.h"

#include "common/utf8.h"
#include "gateway/result/json_document.h"
#include "tests/fuzz/nagios_command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct wall_time now = { 1795384096000000000 };

static void check_text(struct span text, size_t most)
{
	MUST(utf8_valid(text) && text.len <= most);
	MUST(text.len == 0 || memchr(text.data, '\0', text.len) == NULL);
}

static void check_values(const struct command *c)
{
	MUST(c->kind < COMMAND_COUNT);
	check_text(c->author, MAX_AUTHOR_BYTES);
	check_text(c->comment, MAX_COMMENT_BYTES);
	check_text(c->id, MAX_COMMAND_ID_BYTES);
	MUST((c->comment.len == 0) == (c->kind == COMMAND_REMOVE_ACKNOWLEDGEMENT));
	MUST(c->expire.ns == 0 || (c->kind == COMMAND_ACKNOWLEDGE && c->expire.ns > now.ns));
	if (c->kind == COMMAND_DOWNTIME) {
		MUST(c->end.ns > now.ns && c->start.ns > 0);
		MUST(wall_time_seconds(c->end) > wall_time_seconds(c->start));
		MUST(wall_time_seconds(c->end) <= UINT32_MAX);
		MUST(c->fixed ? c->duration == 0 : c->duration > 0);
	}
}

static void check_icinga2(const struct command *c)
{
	struct str text = { 0 };
	struct icinga2_item item;

	MUST(encode_command_icinga2(&text, c, now) == NULL);
	item = icinga2_item_of(str_span(&text));
	MUST(utf8_valid(item.body));
	MUST(span_equal(item.host, c->host) && span_equal(item.service, c->service));
	MUST(span_equal_text(item.action, icinga2_action(c->kind)));
	for (size_t i = 0; i < item.body.len; i++)
		MUST(item.body.data[i] >= 0x20);
	str_finish(&text);
}

static void check_line(encode_command *encode, const struct command *c)
{
	struct str line = { 0 };
	const char *why = encode(&line, c, now);

	if (why != NULL)
		MUST(line.len == 0 && c->expire.ns > 0);
	else
		nagios_check_external(str_span(&line), c->host, c->service);
	MUST(line.len <= 4096); /* PIPE_BUF: written in one piece */
	str_finish(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_reader *reader;
	struct command c;
	struct span detail;
	enum reject reject;

	if (size == 0)
		return 0;
	if (reader == NULL)
		reader = json_reader_create();
	reject = command_decode(reader, span_of(data + 1, size - 1), now, &c, &detail);
	MUST(reject >= REJECT_NONE && reject < REJECT_COUNT);
	if (reject != REJECT_NONE) {
		MUST(detail.len <= size + 200);
		return 0;
	}
	check_values(&c);
	c.host = (struct span)SPAN("web 1");
	if ((data[0] & 1) == 0)
		c.service = (struct span)SPAN("Disk /var");
	check_line(encode_command_nagios, &c);
	check_line(encode_command_icinga, &c);
	check_icinga2(&c);
	return 0;
}
