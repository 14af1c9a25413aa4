/* SPDX-License-Identifier: MIT */
/*
 * belfry cert: a certificate authority for people who have none, its servers and clients, and the
 * list of those who are not let in any more.
 */
#include "cli/authority.h"
#include "cli/cert_name.h"
#include "cli/cert_print.h"
#include "cli/options.h"
#include "common/mem.h"

enum { MAX_DAYS = 36500 };

struct cert_options {
	char *name;
	uint64_t days; /* 0: what is usual */
	bool renew;
};

#define O(type, field) SETTING_FIELD(struct cert_options, type, field)
static const struct setting options[] = {
	{ "days", SETTING_NUMBER, O(uint64_t, days), 1, MAX_DAYS, NULL, 0,
			"For how long it is valid: an authority for 3650 days unless given, a "
			"certificate for 825, a revocation list for as long as the authority. "
			"Nothing is valid for longer than the authority.",
			NULL },
	{ "name", SETTING_TEXT, O(char *, name), 1, 256, NULL, 0,
			"With ca: the name of the authority, which people see when they look at a "
			"certificate; one is made up unless given.",
			NULL },
	{ "renew", SETTING_BOOL, O(bool, renew), 0, 0, "false", 0,
			"With server and client: a new certificate for a NAME that has one. The "
			"key stays, and so do the ALTNAMEs unless new ones are given. The old "
			"certificate stays valid until it ends.",
			NULL },
	{ 0 },
};

static int cert_run(int argc, char **argv);

const struct verb cert_verb = {
	.name = "cert",
	.summary = "make and revoke certificates for the broker and its clients",
	.usage = "ca DIR [--name TEXT] [--days N]\n"
		 "server DIR NAME [ALTNAME...] [--days N] [--renew]\n"
		 "client DIR NAME [--days N] [--renew]\n"
		 "revoke DIR NAME [--days N]\n"
		 "crl DIR [--days N]\n"
		 "list DIR",
	.about = "  ca      makes a certificate authority in DIR: ca.crt, which everybody may "
		 "have,\n"
		 "          ca.key, which nobody may, ca.crl, what is revoked, and index, a plain\n"
		 "          list of what it has issued.\n"
		 "  server  makes DIR/NAME.crt and DIR/NAME.key for a broker. NAME and the "
		 "ALTNAMEs\n"
		 "          are what clients connect to: host names, IP addresses, *.example.org.\n"
		 "  client  makes them for a client. NAME is its user name where the broker has\n"
		 "          use_identity_as_username.\n"
		 "  revoke  takes back all certificates of NAME: writes ca.crl again, for the\n"
		 "          broker's crlfile. NAME may then have a new key and certificate.\n"
		 "  crl     writes ca.crl again.\n"
		 "  list    shows what there is, and what expires within 30 days.\n"
		 "\n"
		 "Keys are P-256, without a password, and for the owner of the file alone. Each "
		 "step\n"
		 "prints the lines that put the files to use.\n",
	.options = options,
	.run = cert_run,
};

/* Arguments behind the action's name: DIR first, then NAMEs. */
struct cert_words {
	const char *folder;
	char *const *names;
	size_t count;
};

/* "belfry cert: ...". Returns EXIT_REFUSED; the problem is freed. */
static int refuse(struct str *problem)
{
	fprintf(stderr, "belfry cert: %s\n", str_text(problem));
	str_finish(problem);
	return EXIT_REFUSED;
}

/* "name 'a/b' has a '/' in it" */
static bool check_name(bool (*is_valid)(struct span name, struct str *problem), const char *name,
		struct str *problem)
{
	struct str what = { 0 };
	bool ok = is_valid(span_of_text(name), &what);

	if (!ok) {
		str_append_text(problem, "name '");
		str_append_escaped(problem, span_of_text(name));
		str_printf(problem, "' %s", str_text(&what));
	}
	str_finish(&what);
	return ok;
}

/* --- what it does --------------------------------------------------------------------------- */

static int make_authority(const struct cert_options *o, const struct cert_words *w)
{
	struct authority a = { .lock = -1 };
	struct str problem = { 0 };
	unsigned days = o->days > 0 ? (unsigned)o->days : AUTHORITY_DAYS;
	bool ok = (o->name == NULL || check_name(cert_authority_name_valid, o->name, &problem)) &&
		  authority_create(&a, w->folder, o->name, days, &problem);

	if (ok)
		cert_print_authority(&a);
	authority_close(&a);
	return ok ? EXIT_DONE : refuse(&problem);
}

static int issue(const struct cert_options *o, const struct cert_words *w, enum cert_kind kind)
{
	struct cert_subject subject = { w->names[0], kind, w->names + 1, w->count - 1, NULL };
	struct authority a = { .lock = -1 };
	struct str problem = { 0 };
	unsigned days = o->days > 0 ? (unsigned)o->days : CERT_DAYS;
	time_t until;
	bool ok = check_name(kind == CERT_SERVER ? cert_server_valid : cert_user_valid, w->names[0],
			&problem);

	for (size_t i = 1; ok && i < w->count; i++)
		ok = check_name(cert_host_valid, w->names[i], &problem);
	ok = ok && authority_open(&a, w->folder, false, &problem) &&
	     authority_issue(&a, &subject, o->renew, days, &until, &problem);
	if (ok && kind == CERT_SERVER)
		cert_print_server(&a, w->names[0], until);
	else if (ok)
		cert_print_client(&a, w->names[0], until);
	authority_close(&a);
	return ok ? EXIT_DONE : refuse(&problem);
}

static int make_server(const struct cert_options *o, const struct cert_words *w)
{
	return issue(o, w, CERT_SERVER);
}

static int make_client(const struct cert_options *o, const struct cert_words *w)
{
	return issue(o, w, CERT_CLIENT);
}

static int write_crl(const struct cert_options *o, const struct cert_words *w)
{
	const char *name = w->count > 0 ? w->names[0] : NULL;
	struct authority a;
	struct str problem = { 0 };
	time_t next;
	bool ok = authority_open(&a, w->folder, false, &problem) &&
		  (name == NULL || authority_revoke(&a, name, &problem)) &&
		  authority_write_crl(&a, (unsigned)o->days, &next, &problem);

	if (ok)
		cert_print_crl(&a, name, next);
	authority_close(&a);
	return ok ? EXIT_DONE : refuse(&problem);
}

static int list(const struct cert_options *o, const struct cert_words *w)
{
	struct authority a;
	struct str problem = { 0 };
	bool ok = authority_open(&a, w->folder, true, &problem) && cert_print_list(&a, &problem);

	(void)o;
	authority_close(&a);
	return ok ? EXIT_DONE : refuse(&problem);
}

/* --- the command line ----------------------------------------------------------------------- */

enum { TAKES_NAME = 1, TAKES_DAYS = 2, TAKES_RENEW = 4 };

struct cert_action {
	const char *name;
	int least, most; /* words behind it; most -1: any number */
	unsigned takes;
	const char *wanted; /* which words they are */
	int (*run)(const struct cert_options *o, const struct cert_words *w);
};

static const struct cert_action actions[] = {
	{ "ca", 1, 1, TAKES_NAME | TAKES_DAYS, "DIR", make_authority },
	{ "server", 2, -1, TAKES_DAYS | TAKES_RENEW, "DIR NAME [ALTNAME...]", make_server },
	{ "client", 2, 2, TAKES_DAYS | TAKES_RENEW, "DIR NAME", make_client },
	{ "revoke", 2, 2, TAKES_DAYS, "DIR NAME", write_crl },
	{ "crl", 1, 1, TAKES_DAYS, "DIR", write_crl },
	{ "list", 1, 1, 0, "DIR", list },
};

/* NULL after a complaint. */
static const struct cert_action *find_action(const char *word)
{
	struct str shown = { 0 };

	if (word == NULL) {
		options_complain(&cert_verb, "ca, server, client, revoke, crl or list is wanted");
		return NULL;
	}
	for (size_t i = 0; i < array_size(actions); i++) {
		if (strcmp(actions[i].name, word) == 0)
			return &actions[i];
	}
	str_append_escaped(&shown, span_of_text(word));
	options_complain(&cert_verb, "'%s': take ca, server, client, revoke, crl or list",
			str_text(&shown));
	str_finish(&shown);
	return NULL;
}

static int check_options(const struct cert_action *action, const struct cert_options *o)
{
	if (o->name != NULL && !(action->takes & TAKES_NAME))
		return options_complain(&cert_verb, "--name goes with ca alone");
	if (o->days > 0 && !(action->takes & TAKES_DAYS))
		return options_complain(&cert_verb, "%s takes no --days", action->name);
	if (o->renew && !(action->takes & TAKES_RENEW))
		return options_complain(&cert_verb, "--renew goes with server and client alone");
	return EXIT_DONE;
}

static int run_action(const struct cert_options *o, int count, char **words)
{
	const struct cert_action *action = find_action(count > 0 ? words[0] : NULL);
	struct cert_words w;
	int result;

	if (action == NULL)
		return EXIT_USAGE;
	result = check_options(action, o);
	if (result != EXIT_DONE)
		return result;
	count--;
	if (count < action->least || (action->most >= 0 && count > action->most))
		return options_complain(&cert_verb, "%s takes %s", action->name, action->wanted);
	w = (struct cert_words){ words[1], words + 2, (size_t)count - 1 };
	return action->run(o, &w);
}

static int cert_run(int argc, char **argv)
{
	AUTO_FREE char **words = xcalloc((size_t)argc, sizeof(*words));
	struct cert_options o = { 0 };
	int result = EXIT_USAGE, count;

	switch (options_read_words(&cert_verb, &o, argc, argv, words, &count)) {
	case OPTIONS_READ:
		result = run_action(&o, count, words);
		break;
	case OPTIONS_HELP:
		result = EXIT_DONE;
		break;
	case OPTIONS_WRONG:
		break;
	}
	settings_finish(options, &o);
	return result;
}
