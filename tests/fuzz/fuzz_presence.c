/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as what a publisher says of itself. The first byte chooses: odd is of a host, even of a
 * service. What is understood is one of the words of presence.h, with values that mean something.
 */
#include "gateway/result/presence.h"

#include "common/utf8.h"
#include "gateway/result/json_document.h"
#include "tests/fuzz/nagios_command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(const struct presence_message *m, bool is_host, size_t size)
{
	MUST(m->word <= PRESENCE_GONE);
	MUST((m->word == PRESENCE_NOTHING) == (size == 0));
	MUST(m->ttl >= -1 && m->delay >= -1);
	MUST(utf8_valid(m->output) && span_find(m->output, '\n') == m->output.len);
	if (m->has_becomes)
		MUST(m->becomes > CHECK_OK &&
				m->becomes <= (is_host ? CHECK_CRITICAL : CHECK_UNKNOWN));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_reader *reader;
	struct presence_message message;
	struct span detail;
	enum reject reject;
	bool is_host;

	if (size == 0)
		return 0;
	if (reader == NULL)
		reader = json_reader_create();
	is_host = (data[0] & 1) != 0;
	reject = presence_decode(reader, span_of(data + 1, size - 1), is_host, &message, &detail);
	MUST(reject >= REJECT_NONE && reject < REJECT_COUNT);
	if (reject == REJECT_NONE)
		check_message(&message, is_host, size - 1);
	else
		MUST(detail.len <= size || detail.len < 100);
	return 0;
}
