/* SPDX-License-Identifier: MIT */
/*
 * Any text as a configuration file: every value that is taken lies in its bounds, every error is
 * one line that names file and line, and nothing leaks.
 */
#include "common/mem.h"
#include "common/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

struct block {
	uint64_t number;
	char *text;
};

struct target {
	bool flag;
	uint64_t number, bytes, time;
	char *text, *secret;
	struct text_list list;
	int choice;
	unsigned flags;
	struct block *blocks[64];
	size_t count;
};

#define T(type, field) SETTING_FIELD(struct target, type, field)

static const struct setting_choice words[] = { { "one", 1 }, { "two", 2 }, { NULL, 0 } };

/* clang-format off */
static const struct setting block_table[] = {
	{ "number", SETTING_NUMBER, SETTING_FIELD(struct block, uint64_t, number), 5, 6, "5", SETTING_REQUIRED, "h", NULL },
	{ "text", SETTING_TEXT, SETTING_FIELD(struct block, char *, text), 2, 4, NULL, 0, "h", NULL },
	{ NULL, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

static const struct setting table[] = {
	{ "flag", SETTING_BOOL, T(bool, flag), 0, 0, "no", 0, "h", NULL },
	{ "number", SETTING_NUMBER, T(uint64_t, number), 10, 20, "10", 0, "h", NULL },
	{ "bytes", SETTING_SIZE, T(uint64_t, bytes), 1, 1048576, "1k", 0, "h", NULL },
	{ "time", SETTING_DURATION, T(uint64_t, time), 1, UINT64_MAX, "1h", 0, "h", NULL },
	{ "text", SETTING_TEXT, T(char *, text), 0, 10, NULL, 0, "h", NULL },
	{ "secret", SETTING_TEXT, T(char *, secret), 8, 10, NULL, SETTING_SECRET, "h", NULL },
	{ "list", SETTING_LIST, T(struct text_list, list), 0, 10, NULL, 0, "h", NULL },
	{ "choice", SETTING_CHOICE, T(int, choice), 0, 0, "one", 0, "h", words },
	{ "flags", SETTING_FLAGS, T(unsigned, flags), 0, 0, NULL, 0, "h", words },
	{ NULL, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};
/* clang-format on */

static bool open_block(void *owner, struct settings_line *line, struct settings_block *ret)
{
	struct target *t = owner;
	struct span word = settings_word(line);

	if (word.len == 0 || line->rest.len > 0 || t->count == array_size(t->blocks))
		return settings_error(line, word, "is wrong");
	t->blocks[t->count] = xcalloc(1, sizeof(struct block));
	settings_init(block_table, t->blocks[t->count]);
	*ret = (struct settings_block){
		.table = block_table, .target = t->blocks[t->count++], .title = "block"
	};
	return true;
}

static const struct settings_opener openers[] = {
	{ "block", "NAME", "h", open_block, block_table },
	{ NULL, NULL, NULL, NULL, NULL },
};

static const struct settings_refusal refusals[] = {
	{ "refused", "is refused; remove it" },
	{ NULL, NULL },
};

static void check_text(const char *text, size_t min, size_t max)
{
	REQUIRE(text == NULL || (strlen(text) >= min && strlen(text) <= max));
}

static void check_target(const struct target *t)
{
	REQUIRE(t->number >= 10 && t->number <= 20);
	REQUIRE(t->bytes >= 1 && t->bytes <= 1048576);
	REQUIRE(t->time >= 1);
	REQUIRE(t->choice == 1 || t->choice == 2);
	REQUIRE((t->flags & ~3U) == 0);
	check_text(t->text, 1, 10);
	check_text(t->secret, 8, 10);
	for (size_t i = 0; i < t->list.count; i++)
		check_text(t->list.texts[i], 1, 10);
	for (size_t i = 0; i < t->count; i++) {
		REQUIRE(t->blocks[i]->number == 5 || t->blocks[i]->number == 6);
		check_text(t->blocks[i]->text, 2, 4);
	}
}

/* "fuzz.conf:12: 'word': sentence", one line each. */
static void check_report(const struct settings_report *report)
{
	struct span rest = str_span(&report->text);
	unsigned lines = 0;

	while (rest.len > 0) {
		struct span line = span_cut(&rest, '\n');

		REQUIRE(span_starts_with(line, span_of_text("fuzz.conf:")));
		for (size_t i = 0; i < line.len; i++)
			REQUIRE(line.data[i] >= 0x20 && line.data[i] != 0x7f);
		lines++;
	}
	REQUIRE(lines == report->errors);
}

static void parse(struct span text, bool text_is_whole_line)
{
	struct target t = { 0 };
	struct settings_report report = { 0 };
	struct settings_grammar grammar = {
		.global = { .table = table, .target = &t },
		.openers = openers,
		.refusals = refusals,
		.text_is_whole_line = text_is_whole_line,
	};
	bool ok;

	settings_init(table, &t);
	ok = settings_parse(text, "fuzz.conf", &grammar, &t, &report);
	REQUIRE(ok == (report.errors == 0));
	check_target(&t);
	check_report(&report);
	for (size_t i = 0; i < t.count; i++) {
		settings_finish(block_table, t.blocks[i]);
		free(t.blocks[i]);
	}
	settings_finish(table, &t);
	str_finish(&report.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse(span_of(data, size), false);
	parse(span_of(data, size), true);
	return 0;
}
