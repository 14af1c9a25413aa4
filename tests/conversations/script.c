/* SPDX-License-Identifier: MIT */
#include "tests/conversations/script.h"

#include <errno.h>
#include <stdio.h>

#include "common/mem.h"
#include "tests/conversations/codec.h"

/* Where the reader is. */
struct cursor {
	struct script *script;
	struct str *problem;
	unsigned run;
	unsigned line;
	int client; /* -1: none was named */
};

static bool wrong(struct cursor *c, const char *what)
{
	str_printf(c->problem, "%s:%u: %s", c->script->file, c->line, what);
	return false;
}

static const char *skip_blanks(const char *at)
{
	while (is_blank((uint8_t)*at))
		at++;
	return at;
}

/* Take the next word into `word`; returns what follows it. */
static const char *cut_word(const char *at, char *word, size_t size)
{
	size_t len = 0;

	at = skip_blanks(at);
	while (*at != '\0' && !is_blank((uint8_t)*at)) {
		if (len + 1 < size)
			word[len++] = *at;
		at++;
	}
	word[len] = '\0';
	return skip_blanks(at);
}

static struct step *add_step(struct cursor *c, enum step_kind kind)
{
	struct script *s = c->script;

	s->steps = grow_array(s->steps, s->count, &s->capacity, sizeof(*s->steps));
	s->steps[s->count] = (struct step){
		.kind = kind, .line = c->line, .client = c->client >= 0 ? (unsigned)c->client : 0
	};
	return &s->steps[s->count++];
}

static bool name_client(struct cursor *c, const char *name)
{
	struct script *s = c->script;

	for (unsigned i = 0; i < s->client_count; i++) {
		if (strcmp(s->clients[i], name) == 0) {
			c->client = (int)i;
			return true;
		}
	}
	if (name[0] == '\0' || s->client_count == MAX_CLIENTS)
		return wrong(c, "no name of a client, or too many clients");
	c->client = (int)s->client_count++;
	snprintf(s->clients[c->client], CLIENT_NAME, "%s", name);
	return true;
}

static bool add_wait(struct cursor *c, const char *word)
{
	char *end;
	double seconds = strtod(word, &end);
	struct step *step;

	if (word[0] != '+' || *end != '\0' || seconds < 0)
		return wrong(c, "write: at +SECONDS");
	step = add_step(c, STEP_WAIT);
	step->wait_ns = (int64_t)(seconds * 1e9 + 0.5);
	c->script->waits_ns += step->wait_ns;
	return true;
}

static bool is_condition(const char *word)
{
	return word[0] == 'v' && (word[1] == '3' || word[1] == '5') && word[2] == ':';
}

static bool holds(const struct cursor *c, const char *condition)
{
	return (condition[1] == '5') == (c->script->level == LEVEL_5);
}

/* The end of the word at `at`, blanks in quotes being part of it. */
static const char *skip_word(const char *at)
{
	bool is_quoted = false;

	for (; *at != '\0' && (is_quoted || !is_blank((uint8_t)*at)); at++) {
		if (*at == '\\' && at[1] != '\0')
			at++;
		else if (*at == '"')
			is_quoted = !is_quoted;
	}
	return at;
}

/* The words of `text` that are for the version of this run, without their conditions. */
static char *choose_words(const struct cursor *c, const char *text)
{
	struct str chosen = { 0 };
	const char *end;
	char *kept;

	for (; *text != '\0' && *text != '#'; text = skip_blanks(end)) {
		end = skip_word(text);
		if (is_condition(text) && !holds(c, text))
			continue;
		if (chosen.len > 0)
			str_append_byte(&chosen, ' ');
		text += is_condition(text) ? 3 : 0;
		str_append(&chosen, span_of(text, (size_t)(end - text)));
	}
	kept = xstrdup(str_text(&chosen));
	str_finish(&chosen);
	return kept;
}

static bool add_packet(struct cursor *c, enum step_kind kind, const char *text)
{
	if (c->client < 0)
		return wrong(c, "no client was named yet");
	if (is_condition(text) && (text[3] == '\0' || is_blank((uint8_t)text[3]))) {
		if (!holds(c, text))
			return true;
		text = skip_blanks(text + 3);
	}
	add_step(c, kind)->text = choose_words(c, text);
	return true;
}

static bool read_action(struct cursor *c, const char *line);

static bool read_client(struct cursor *c, const char *line)
{
	char word[CLIENT_NAME];
	const char *rest = cut_word(line, word, sizeof(word));

	return name_client(c, word) && read_action(c, rest);
}

static bool read_wait(struct cursor *c, const char *line)
{
	char word[CLIENT_NAME];
	const char *rest = cut_word(line, word, sizeof(word));

	return add_wait(c, word) && read_action(c, rest);
}

static bool read_action(struct cursor *c, const char *line)
{
	char word[CLIENT_NAME];
	const char *rest = cut_word(line, word, sizeof(word));

	if (word[0] == '\0' || word[0] == '#')
		return true;
	if (strcmp(word, "client") == 0)
		return read_client(c, rest);
	if (strcmp(word, "at") == 0)
		return read_wait(c, rest);
	if (strcmp(word, ">") == 0)
		return add_packet(c, STEP_SEND, rest);
	if (strcmp(word, "<") == 0)
		return add_packet(c, STEP_EXPECT, rest);
	if (strcmp(word, "<~") == 0)
		return add_packet(c, STEP_EXPECT_AMONG, rest);
	if (strcmp(word, "open") == 0)
		return add_packet(c, STEP_OPEN, rest);
	if (strcmp(word, "drop") == 0)
		return add_packet(c, STEP_DROP, rest);
	return wrong(c, "a line starts with client, at, >, <, <~, open or drop");
}

static bool read_versions(struct cursor *c, const char *line)
{
	static const struct {
		const char *word;
		unsigned level;
	} known[] = { { "v3.1", LEVEL_3_1 }, { "v3.1.1", LEVEL_3_1_1 }, { "v5", LEVEL_5 } };
	struct script *s = c->script;
	char word[CLIENT_NAME];

	for (line = cut_word(line, word, sizeof(word)); word[0] != '\0';
			line = cut_word(line, word, sizeof(word))) {
		size_t i = 0;

		while (i < array_size(known) && strcmp(known[i].word, word) != 0)
			i++;
		if (i == array_size(known) || s->level_count == MAX_LEVELS)
			return wrong(c, "versions are v3.1, v3.1.1 and v5, each once");
		s->levels[s->level_count++] = known[i].level;
	}
	if (c->run >= s->level_count)
		return wrong(c, "no version is named");
	s->level = s->levels[c->run];
	return true;
}

/* At the top the rules to begin with; further down consecutive lines are one reload. */
static bool read_acl(struct cursor *c, const char *line)
{
	struct script *s = c->script;
	struct step *last = s->count > 0 ? &s->steps[s->count - 1] : NULL;
	struct str text = { 0 };

	if (last == NULL) {
		s->has_acl = true;
		str_printf(&s->acl, "%s\n", line);
		return true;
	}
	if (!s->has_acl)
		return wrong(c, "a reload of rules needs some at the top, or: acl");
	if (last->kind != STEP_ACL)
		last = add_step(c, STEP_ACL);
	str_printf(&text, "%s%s\n", last->text != NULL ? last->text : "", line);
	free(last->text);
	last->text = str_take(&text);
	return true;
}

static bool read_line(struct cursor *c, const char *line)
{
	char word[CLIENT_NAME];
	const char *rest = cut_word(line, word, sizeof(word));

	if (strcmp(word, "limit") == 0) {
		str_printf(&c->script->settings, "%s\n", rest);
	} else if (strcmp(word, "anonymous") == 0) {
		c->script->is_anonymous = strncmp(rest, "no", 2) != 0;
	} else if (strcmp(word, "in-process") == 0) {
		c->script->in_process_only = true;
	} else if (strcmp(word, "versions") == 0) {
		if (!read_versions(c, rest))
			return false;
	} else if (strcmp(word, "acl") == 0) {
		return read_acl(c, rest);
	} else {
		return read_action(c, line);
	}
	return c->script->count == 0 || wrong(c, "this belongs at the top");
}

static void set_name(struct script *s)
{
	const char *slash = strrchr(s->file, '/');
	const char *base = slash != NULL ? slash + 1 : s->file;
	size_t len = strlen(base);

	if (len > 5 && strcmp(base + len - 5, ".mqtt") == 0)
		len -= 5;
	snprintf(s->name, sizeof(s->name), "%.*s", (int)len, base);
}

static void name_run(struct script *s)
{
	size_t len = strlen(s->name);

	snprintf(s->name + len, sizeof(s->name) - len, " (%s)",
			s->level == LEVEL_5	  ? "v5"
			: s->level == LEVEL_3_1_1 ? "v3.1.1"
						  : "v3.1");
}

unsigned script_runs(const struct script *s)
{
	return s->level_count > 0 ? s->level_count : 1;
}

bool script_load(const char *file, unsigned run, struct script *ret, struct str *problem)
{
	struct cursor c = { .script = ret, .problem = problem, .run = run, .client = -1 };
	FILE *in = fopen(file, "r");
	char *line = NULL;
	size_t size = 0;
	bool good = true;

	*ret = (struct script){ .file = xstrdup(file), .is_anonymous = true, .level = LEVEL_3_1_1 };
	set_name(ret);
	if (in == NULL) {
		str_printf(problem, "%s: %s", file, strerror(errno));
		return false;
	}
	while (good && getline(&line, &size, in) >= 0) {
		line[strcspn(line, "\r\n")] = '\0';
		c.line++;
		good = read_line(&c, line);
	}
	if (good && ret->count == 0)
		good = wrong(&c, "nothing happens here");
	if (good && ret->level_count > 0)
		name_run(ret);
	free(line);
	fclose(in);
	return good;
}

void script_finish(struct script *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->steps[i].text);
	free(s->steps);
	free(s->file);
	str_finish(&s->settings);
	str_finish(&s->acl);
	*s = (struct script){ 0 };
}
