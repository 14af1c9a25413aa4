/* SPDX-License-Identifier: MIT */
/*
 * A PSK file: what is accepted has only identities whose lines are right by a naive reading, with
 * the key that the digits say, and every refused line is one line of the report.
 */
#include "common/mem.h"
#include "common/psk_file.h"
#include "common/utf8.h"
#include "tests/fuzz/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Does the key read, digit by digit from its end, as the text? */
static void check_key(struct span key, struct span hex)
{
	REQUIRE(key.len > 0 && key.len <= PSK_MAX_KEY && key.len == (hex.len + 1) / 2);
	for (size_t i = 0; i < key.len * 2; i++) {
		uint8_t byte = key.data[key.len - 1 - i / 2];
		uint8_t digit = i % 2 == 0 ? byte & 15 : byte >> 4;
		char c = i < hex.len ? (char)hex.data[hex.len - 1 - i] : '0';

		REQUIRE(c == "0123456789abcdef"[digit] || c == "0123456789ABCDEF"[digit]);
	}
}

static void check_lines(const struct psk_file *f, struct span text)
{
	while (text.data != NULL) {
		struct span rest = span_trim(span_cut(&text, '\n')), identity;

		if (rest.len == 0 || rest.data[0] == '#')
			continue;
		identity = span_trim(span_cut(&rest, ':'));
		REQUIRE(identity.len > 0 && identity.len <= PSK_MAX_IDENTITY);
		REQUIRE(utf8_valid_mqtt(identity));
		check_key(psk_file_key(f, identity), span_trim(rest));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings_report report = { 0 };
	struct psk_file *f = psk_file_parse(span_of(data, size), "fuzz", 7, &report);

	REQUIRE((f == NULL) == (report.errors > 0));
	require_clean_report(&report);
	if (f != NULL)
		check_lines(f, span_of(data, size));
	psk_file_unref(f);
	str_finish(&report.text);
	return 0;
}
