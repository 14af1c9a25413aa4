/* SPDX-License-Identifier: MIT */
#include "gateway/output/core.h"

#include <pwd.h>
#include <sys/stat.h>

#include "common/log.h"

static const struct core_info cores[CORE_COUNT] = {
	[CORE_AUTO] = { "Nagios", encode_nagios, encode_command_nagios, 0 },
	[CORE_NAGIOS] = { "Nagios", encode_nagios, encode_command_nagios, 0 },
	[CORE_NAEMON] = { "Naemon", encode_naemon, encode_command_nagios, 0 },
	[CORE_ICINGA] = { "Icinga", encode_icinga, encode_command_icinga, 10 },
};

/* In this order: Naemon and Icinga both have "nagios" in folders of theirs here and there. */
static const struct {
	const char *word;
	enum core core;
} words[] = {
	{ "icinga", CORE_ICINGA },
	{ "naemon", CORE_NAEMON },
	{ "nagios", CORE_NAGIOS },
};

const struct core_info *core_info(enum core core)
{
	return &cores[core];
}

static enum core core_in(const char *name)
{
	for (size_t i = 0; i < array_size(words); i++) {
		if (strcasestr(name, words[i].word) != NULL)
			return words[i].core;
	}
	return CORE_AUTO;
}

struct core_evidence core_of_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct core_evidence e = { core_in(slash != NULL ? slash + 1 : path), "the pipe's name" };
	AUTO_FREE char *folder = NULL;

	if (e.core != CORE_AUTO || slash == NULL)
		return e;
	folder = span_dup_text(span_of(path, (size_t)(slash - path)));
	return (struct core_evidence){ core_in(folder), "the folder the pipe is in" };
}

struct core_evidence core_of_owner(uid_t owner)
{
	struct core_evidence e = { CORE_AUTO, "the pipe's owner" };
	struct passwd entry, *found = NULL;
	char strings[4096];

	if (getpwuid_r(owner, &entry, strings, sizeof(strings), &found) != 0 || found == NULL)
		return e;
	e.core = core_in(found->pw_name);
	if (e.core == CORE_NAGIOS)
		e.core = CORE_AUTO;
	return e;
}

/* False when nothing tells which core it is. */
static bool believe(struct core_choice *c, struct core_evidence e)
{
	if (e.core == CORE_AUTO)
		return false;
	log_info("output \"%s\": taken for %s because of %s, %s; a line core nagios, core naemon "
		 "or "
		 "core icinga says it outright",
			c->output, core_info(e.core)->name, e.what, c->path);
	c->core = e.core;
	return true;
}

void core_choice_init(
		struct core_choice *c, const char *output, const char *path, enum core configured)
{
	struct stat st;

	*c = (struct core_choice){ output, path, configured, configured != CORE_AUTO };
	c->is_final = c->is_final || believe(c, core_of_path(path));
	if (!c->is_final && lstat(path, &st) == 0 && S_ISFIFO(st.st_mode))
		c->is_final = believe(c, core_of_owner(st.st_uid));
}

bool core_choice_opened(struct core_choice *c, uid_t owner)
{
	enum core before = c->core;

	if (c->is_final)
		return false;
	c->is_final = true;
	if (!believe(c, core_of_owner(owner)))
		log_info("output \"%s\": nothing about %s tells which core reads it, taken for "
			 "Nagios; a line core naemon or core icinga says otherwise",
				c->output, c->path);
	return core_info(c->core)->encode != core_info(before)->encode;
}
