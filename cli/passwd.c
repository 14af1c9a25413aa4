/* SPDX-License-Identifier: MIT */
/*
 * belfry passwd: the users of a password file. Takes the arguments of mosquitto_passwd, and writes
 * files that Mosquitto reads when told to (-H); with its own hash, scrypt, belfry-broker alone
 * reads them.
 */
#include <libgen.h>

#include "cli/ask_password.h"
#include "cli/file_edit.h"
#include "cli/options.h"
#include "cli/password_lines.h"
#include "common/mem.h"

enum { MAX_PASSWORD = 65535 };

static const struct {
	const char *name;
	enum password_scheme scheme;
} hashes[] = {
	{ "scrypt", PASSWORD_SCRYPT },
	{ "sha512-pbkdf2", PASSWORD_PBKDF2_SHA512 },
	{ "sha512", PASSWORD_SHA512 },
};

struct passwd {
	bool is_batch, is_new, is_deletion, is_upgrade;
	enum password_scheme scheme;
	uint64_t iterations; /* 0: what is usual */
	const char *file, *user;
	char *given; /* the password of -b; in the command line */
};

static int passwd_run(int argc, char **argv);

const struct verb passwd_verb = {
	.name = "passwd",
	.summary = "add, change and remove the users of a password file",
	.usage = "[-H HASH] [-c] FILE USER\n"
		 "[-H HASH] [-c] -b FILE USER PASSWORD\n"
		 "-D FILE USER\n"
		 "[-H HASH] -U FILE",
	.about = "Adds USER to FILE, the broker's password_file, or changes his password, which "
		 "is\n"
		 "asked for at a terminal and else read from standard input.\n"
		 "\n"
		 "The file is replaced as a whole: a broker that reads it meanwhile sees the old "
		 "or\n"
		 "the new one. Owner and mode stay; a new file is for its owner alone. A running\n"
		 "broker reads it again on SIGHUP.\n"
		 "\n"
		 "  -b             take the password from the command line, where other users of\n"
		 "                 this machine can see it\n"
		 "  -c             write a new file; one that is there is lost. FILE - is "
		 "standard\n"
		 "                 output\n"
		 "  -D             remove USER\n"
		 "  -U             hash the passwords in FILE that are not hashed yet; its lines\n"
		 "                 are USER:PASSWORD\n"
		 "  -H HASH        scrypt (the default; for belfry-broker), or for Mosquitto\n"
		 "                 sha512-pbkdf2, or for Mosquitto before 2.0 sha512\n"
		 "  -I ITERATIONS  of sha512-pbkdf2; 25000 unless given\n",
	.run = passwd_run,
};

/* --- the command line ----------------------------------------------------------------------- */

static int read_hash(struct passwd *p, const char *name)
{
	for (size_t i = 0; i < array_size(hashes); i++) {
		if (strcmp(name, hashes[i].name) == 0) {
			p->scheme = hashes[i].scheme;
			return EXIT_DONE;
		}
	}
	return options_complain(
			&passwd_verb, "-H takes scrypt, sha512-pbkdf2 or sha512 as its hash");
}

/* One option; *at moves over its value. */
static int read_option(struct passwd *p, char **argv, int *at)
{
	char letter = argv[*at][1];

	if (argv[*at][2] != '\0' || strchr("bcDUHI", letter) == NULL)
		return options_complain(&passwd_verb, "'%s': unknown option", argv[*at]);
	p->is_batch |= letter == 'b';
	p->is_new |= letter == 'c';
	p->is_deletion |= letter == 'D';
	p->is_upgrade |= letter == 'U';
	if (letter != 'H' && letter != 'I')
		return EXIT_DONE;
	if (argv[++*at] == NULL)
		return options_complain(&passwd_verb, "-%c needs a value", letter);
	if (letter == 'H')
		return read_hash(p, argv[*at]);
	if (!span_to_uint(span_of_text(argv[*at]), PASSWORD_MAX_ITERATIONS, &p->iterations) ||
			p->iterations == 0)
		return options_complain(&passwd_verb, "-I takes a number from 1 to %d",
				PASSWORD_MAX_ITERATIONS);
	return EXIT_DONE;
}

static int check_options(const struct passwd *p)
{
	if (p->is_new && p->is_deletion)
		return options_complain(&passwd_verb, "-c and -D exclude each other");
	if (p->is_upgrade && (p->is_new || p->is_deletion || p->is_batch))
		return options_complain(&passwd_verb, "-U excludes -b, -c and -D");
	if (p->is_deletion && p->is_batch)
		return options_complain(&passwd_verb, "-b and -D exclude each other");
	if (p->iterations > 0 && p->scheme != PASSWORD_PBKDF2_SHA512)
		return options_complain(&passwd_verb, "-I needs -H sha512-pbkdf2");
	return EXIT_DONE;
}

static int read_words(struct passwd *p, int count, char **words)
{
	int wanted = p->is_upgrade ? 1 : p->is_batch ? 3 : 2;

	if (count != wanted)
		return options_complain(&passwd_verb, "%s",
				p->is_upgrade ? "-U takes FILE and nothing else"
				: p->is_batch ? "-b takes FILE USER PASSWORD"
					      : "FILE USER are wanted");
	p->file = words[0];
	p->user = wanted > 1 ? words[1] : NULL;
	p->given = wanted > 2 ? words[2] : NULL;
	return EXIT_DONE;
}

static int read_arguments(struct passwd *p, int argc, char **argv)
{
	int at = 1, result = EXIT_DONE;

	for (; at < argc && argv[at][0] == '-' && argv[at][1] != '\0'; at++) {
		result = read_option(p, argv, &at);
		if (result != EXIT_DONE)
			return result;
	}
	result = check_options(p);
	return result != EXIT_DONE ? result : read_words(p, argc - at, argv + at);
}

/* --- what it does --------------------------------------------------------------------------- */

/* "belfry passwd: ...". Returns EXIT_REFUSED. */
static int refuse(const struct str *problem)
{
	fprintf(stderr, "belfry passwd: %s\n", str_text(problem));
	return EXIT_REFUSED;
}

static bool check_user(const struct passwd *p, struct str *problem)
{
	struct str what = { 0 };
	bool ok = password_user_valid(span_of_text(p->user), &what);

	if (!ok) {
		str_append_text(problem, "user name '");
		str_append_escaped(problem, span_of_text(p->user));
		str_printf(problem, "' %s", str_text(&what));
	}
	str_finish(&what);
	return ok;
}

/* The password of the command line, which does not go on showing in the list of processes. */
static bool take_given(const struct passwd *p, struct str *ret, struct str *problem)
{
	size_t len = strlen(p->given);

	if (len == 0 || len > MAX_PASSWORD) {
		str_append_text(problem, len == 0 ? "the password is empty"
						  : "the password is longer than 65535 bytes");
		return false;
	}
	str_reserve(ret, len);
	str_append(ret, span_of(p->given, len));
	wipe(p->given, len);
	return true;
}

static bool make_hash(const struct passwd *p, struct str *ret, struct str *problem)
{
	struct str password = { 0 };
	struct password_hash hash;
	bool ok = p->given != NULL ? take_given(p, &password, problem)
				   : ask_password(span_of_text(p->user), &password, problem);

	if (ok && !password_hash_create(
				  p->scheme, (uint32_t)p->iterations, str_span(&password), &hash)) {
		str_append_text(problem, "the password cannot be hashed: out of memory");
		ok = false;
	}
	wipe(password.text, password.len);
	str_finish(&password);
	if (ok)
		password_hash_format(&hash, ret);
	return ok;
}

static void warn_of_mode(const struct file_edit *f)
{
	if (f->fd >= 0 && (f->status.st_mode & (S_IROTH | S_IWOTH)) != 0)
		fprintf(stderr, "belfry passwd: %s is open to everybody; run: chmod o-rw %s\n",
				f->path, f->path);
}

static bool set_user(
		const struct passwd *p, struct file_edit *f, struct str *hash, struct str *problem)
{
	struct span before = p->is_new ? (struct span){ NULL, 0 } : str_span(&f->text);
	struct str text = { 0 };
	bool is_known = password_lines_set(before, span_of_text(p->user), str_span(hash), &text);
	bool ok = is_known || !p->is_deletion;

	if (!ok) {
		str_append_escaped(problem, span_of_text(p->file));
		str_append_text(problem, ": has no user ");
		str_append_escaped(problem, span_of_text(p->user));
	}
	ok = ok && file_edit_replace(f, str_span(&text), problem);
	str_finish(&text);
	return ok;
}

static void hint_at_new(const struct passwd *p, struct str *problem)
{
	AUTO_FREE char *folder = xstrdup(p->file);

	if (p->is_new || p->is_deletion || access(p->file, F_OK) == 0)
		return;
	/* dirname() may point into its argument, or to a constant. */
	str_append_text(problem, access(dirname(folder), F_OK) == 0 ? "; -c writes a new file"
								    : "; nor is its folder there");
}

/* The password is asked for once it is known that there is a file to put it into. */
static int change_user(const struct passwd *p)
{
	struct str hash = { 0 }, problem = { 0 };
	struct file_edit f;
	int result = EXIT_DONE;
	bool ok = file_edit_open(&f, p->file, p->is_new, &problem);

	if (!ok)
		hint_at_new(p, &problem);
	ok = ok && (p->is_deletion || make_hash(p, &hash, &problem)) &&
	     set_user(p, &f, &hash, &problem);
	if (ok)
		warn_of_mode(&f);
	else
		result = refuse(&problem);
	file_edit_close(&f);
	str_finish(&hash);
	str_finish(&problem);
	return result;
}

static int print_user(const struct passwd *p)
{
	struct str hash = { 0 }, problem = { 0 };
	int result = EXIT_DONE;

	if (make_hash(p, &hash, &problem))
		printf("%s:%s\n", p->user, str_text(&hash));
	else
		result = refuse(&problem);
	str_finish(&hash);
	str_finish(&problem);
	return result;
}

static int hash_file(const struct passwd *p)
{
	struct settings_report report = { 0 };
	struct str text = { 0 }, problem = { 0 };
	struct file_edit f;
	int result = EXIT_DONE;

	if (!file_edit_open(&f, p->file, false, &problem)) {
		result = refuse(&problem);
	} else {
		password_lines_hash(str_span(&f.text), p->file, p->scheme, (uint32_t)p->iterations,
				&report, &text);
		fputs(str_text(&report.text), stderr);
		if (report.errors > 0)
			str_append_text(&problem, "nothing was changed");
		if (report.errors > 0 || !file_edit_replace(&f, str_span(&text), &problem))
			result = refuse(&problem);
		else
			warn_of_mode(&f);
	}
	file_edit_close(&f);
	wipe(text.text, text.len);
	str_finish(&text);
	str_finish(&report.text);
	str_finish(&problem);
	return result;
}

static int passwd_run(int argc, char **argv)
{
	struct passwd p = { .scheme = PASSWORD_SCRYPT };
	struct str problem = { 0 };
	int result;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		verb_print_help(&passwd_verb, stdout);
		return EXIT_DONE;
	}
	result = read_arguments(&p, argc, argv);
	if (result != EXIT_DONE)
		return result;
	if (p.is_upgrade)
		return hash_file(&p);
	if (!p.is_deletion && !check_user(&p, &problem))
		result = refuse(&problem);
	else
		result = p.is_new && strcmp(p.file, "-") == 0 ? print_user(&p) : change_user(&p);
	str_finish(&problem);
	return result;
}
