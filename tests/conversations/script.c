/* SPDX-License-Identifier: MIT */
#include "tests/conversations/script.h"

#include <errno.h>
#include <stdio.h>

#include "common/mem.h"

/* Where the reader is. */
struct cursor {
	struct script *script;
	struct str *problem;
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

static bool add_packet(struct cursor *c, enum step_kind kind, const char *text)
{
	if (c->client < 0)
		return wrong(c, "no client was named yet");
	add_step(c, kind)->text = xstrdup(text);
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

bool script_load(const char *file, struct script *ret, struct str *problem)
{
	struct cursor c = { .script = ret, .problem = problem, .client = -1 };
	FILE *in = fopen(file, "r");
	char *line = NULL;
	size_t size = 0;
	bool good = true;

	*ret = (struct script){ .file = xstrdup(file), .is_anonymous = true };
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
	*s = (struct script){ 0 };
}
