/* SPDX-License-Identifier: MIT */
#include "gateway/plugin/plugin.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"

#ifndef BELFRY_PLUGINDIR
#define BELFRY_PLUGINDIR "/usr/local/lib/belfry/plugins"
#endif

/* --- the file ------------------------------------------------------------------------------ */

static bool name_is_plain(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
			return false;
	}
	return name.len > 0 && name.len <= 64;
}

/* Who may change the code that we run? */
static bool is_ours(const struct stat *st, const char *path, struct str *problem)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		str_printf(problem,
				"%s belongs to user %u, who is neither root nor the gateway's "
				"user; chown it to root",
				path, (unsigned)st->st_uid);
	else if (st->st_mode & S_IWOTH)
		str_printf(problem, "%s may be written to by everybody; chmod o-w %s", path, path);
	else
		return true;
	return false;
}

static bool folder_is_ours(const char *folder, struct str *problem)
{
	struct stat st;

	if (stat(folder, &st) < 0) {
		str_printf(problem, "plugin_dir %s: %s", folder, strerror(errno));
		return false;
	}
	return is_ours(&st, folder, problem);
}

/* The file, opened, so that what is looked at is what is loaded; -1. */
static int open_file(const char *path, struct str *problem)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT)
		str_printf(problem, "there is no %s", path);
	else if (fd < 0)
		str_printf(problem, "%s cannot be opened: %s", path, strerror(errno));
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		str_printf(problem, "%s is not a file", path);
	else if (is_ours(&st, path, problem))
		return fd;
	close(fd);
	return -1;
}

static void append_bits(struct str *into, uint64_t value)
{
	for (int bit = 0; bit < 64; bit++)
		str_append_text(into, value >> bit & 1 ? "/." : "/");
}

/*
 * The opened file, by a path that no other file has had. dlopen() takes what it has loaded before
 * by the same name for the same file, and numbers of descriptors come again. So the path says, in
 * steps that lead nowhere, which file it is.
 */
static void append_loader_name(struct str *into, int fd)
{
	struct stat st = { 0 };

	fstat(fd, &st);
	str_append_text(into, "/proc/self/fd");
	append_bits(into, st.st_dev);
	append_bits(into, st.st_ino);
	str_printf(into, "/%d", fd);
}

/* What the loader says, without the name that only it knows. */
static struct span loader_problem(const struct str *name)
{
	struct span said = span_of_text(dlerror());

	if (span_starts_with(said, str_span(name)))
		said = span_from(said, name->len + strlen(": "));
	return said;
}

static uint64_t digest_of(int fd)
{
	struct stat st = { 0 };

	fstat(fd, &st);
	return ((uint64_t)st.st_dev << 48) ^ ((uint64_t)st.st_ino << 32) ^
	       (uint64_t)st.st_mtim.tv_sec * 1000000000 ^ (uint64_t)st.st_mtim.tv_nsec;
}

static void *load_file(const char *path, uint64_t *ret_digest, struct str *problem)
{
	struct str name = { 0 };
	struct span why;
	void *handle;
	int fd = open_file(path, problem);

	if (fd < 0)
		return NULL;
	append_loader_name(&name, fd);
	*ret_digest = digest_of(fd);
	/*
	 * It stays where it is after the last reference has gone: a thread of it, or of a library
	 * that came with it, may still wait for a name server and come back then.
	 */
	handle = dlopen(str_text(&name), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	close(fd);
	if (handle == NULL) {
		why = loader_problem(&name);
		str_printf(problem, "%s cannot be loaded: %.*s", path, SPAN_ARGS(why));
	}
	str_finish(&name);
	return handle;
}

/* --- loading ------------------------------------------------------------------------------- */

static const char *wrong_with(struct plugin *p, struct span name)
{
	struct descriptor_rows rows;
	const char *wrong;

	if (p->relay == NULL)
		return "is no relay plugin: it has no symbol " RELAY_SYMBOL "; see belfry-relay(3)";
	wrong = descriptor_problem(p->relay, name, &rows);
	p->setting_count = rows.settings;
	p->template_count = rows.templates;
	p->counter_count = rows.counters;
	return wrong;
}

struct plugin *plugin_load(const char *folder, struct span name, struct str *problem)
{
	struct str path = { 0 };
	struct plugin *p = NULL;
	void *handle = NULL;
	uint64_t digest = 0;
	const char *wrong;

	if (!name_is_plain(name)) {
		str_append_text(problem, "the name of a plugin is made of a-z 0-9 - _");
		return NULL;
	}
	str_printf(&path, "%s/%.*s.so", folder, SPAN_ARGS(name));
	if (folder_is_ours(folder, problem))
		handle = load_file(str_text(&path), &digest, problem);
	if (handle != NULL) {
		p = xcalloc(1, sizeof(*p));
		p->handle = handle;
		p->digest = digest;
		p->relay = dlsym(handle, RELAY_SYMBOL);
		p->references = 1;
		wrong = wrong_with(p, name);
		if (wrong != NULL) {
			str_printf(problem, "%s %s", str_text(&path), wrong);
			plugin_unref(p);
			p = NULL;
		}
	}
	str_finish(&path);
	return p;
}

struct plugin *plugin_ref(struct plugin *p)
{
	p->references++;
	return p;
}

void plugin_unref(struct plugin *p)
{
	if (p == NULL || --p->references > 0)
		return;
	dlclose(p->handle);
	free(p);
}

void plugin_default_folder(struct str *into)
{
	char program[4096];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	struct str beside = { 0 };
	struct stat st;
	char *slash;

	program[n > 0 ? n : 0] = '\0';
	slash = strrchr(program, '/');
	if (slash != NULL) {
		*slash = '\0'; /* .../build/bin */
		slash = strrchr(program, '/');
	}
	if (slash != NULL && strcmp(slash, "/bin") == 0) {
		*slash = '\0';
		str_printf(&beside, "%s/plugins", program);
	}
	str_append_text(into, beside.len > 0 && stat(str_text(&beside), &st) == 0
					      ? str_text(&beside)
					      : BELFRY_PLUGINDIR);
	str_finish(&beside);
}

static int is_plugin(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 3 && strcmp(entry->d_name + len - 3, ".so") == 0;
}

void plugin_list(const char *folder, struct text_list *into)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_plugin, alphasort);

	for (int i = 0; i < count; i++) {
		text_list_add(into, span_of(entries[i]->d_name, strlen(entries[i]->d_name) - 3));
		free(entries[i]);
	}
	free(entries);
}
