/* SPDX-License-Identifier: MIT */
#include "cli/connect_options.h"

#include <errno.h>
#include <signal.h>

#include "common/mem.h"

/* The first line of the file; NULL after a complaint. */
static char *read_password(const struct verb *verb, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[1024];
	char *password = NULL;

	if (f == NULL) {
		options_complain(verb, "--password-file %s: %s", path, strerror(errno));
		return NULL;
	}
	if (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		password = xstrdup(line);
	} else {
		options_complain(verb, "--password-file %s: is empty", path);
	}
	wipe(line, sizeof(line));
	fclose(f);
	return password;
}

static bool check_broker(const struct verb *verb, struct connect_options *o)
{
	bool is_option = o->broker != NULL && *o->broker != '\0';
	const char *text = is_option ? o->broker : getenv("BELFRY_BROKER");
	struct str problem = { 0 };
	bool ok;

	if (text == NULL || *text == '\0')
		text = "mqtt://127.0.0.1:1883";
	ok = url_parse(span_of_text(text), link_schemes, &o->url, &problem);
	if (!ok)
		options_complain(verb, "%s '%s' %s", is_option ? "--broker" : "BELFRY_BROKER", text,
				str_text(&problem));
	str_finish(&problem);
	if (ok && o->password_file != NULL)
		ok = (o->password = read_password(verb, o->password_file)) != NULL;
	return ok;
}

/* What is wrong with the files shows here, before anything is connected. */
static bool create_tls(const struct verb *verb, struct connect_options *o)
{
	struct str error = { 0 }, warning = { 0 };
	struct tls_settings settings = { .prefix = "--",
		.cafile = o->cafile,
		.use_os_certs = o->cafile == NULL,
		.certfile = o->certfile,
		.keyfile = o->keyfile,
		.host = o->url.host };

	if (!o->url.scheme->tls)
		return true;
	o->tls = tls_client_create(&settings, &error, &warning);
	if (o->tls == NULL)
		options_complain(verb, "%s", str_text(&error));
	str_finish(&error);
	str_finish(&warning);
	return o->tls != NULL;
}

static bool check_combination(const struct verb *verb, const struct connect_options *o)
{
	if ((o->certfile == NULL) == (o->keyfile == NULL))
		return true;
	options_complain(verb, "--certfile and --keyfile belong together");
	return false;
}

bool connect_options_check(const struct verb *verb, struct connect_options *o)
{
	return check_combination(verb, o) && check_broker(verb, o) && create_tls(verb, o);
}

void connect_options_finish(struct connect_options *o)
{
	url_finish(&o->url);
	tls_context_unref(o->tls);
	o->tls = NULL;
	if (o->password != NULL)
		wipe(o->password, strlen(o->password));
	free(o->password);
	o->password = NULL;
}

struct link_config connect_options_link(const struct verb *verb, const struct connect_options *o)
{
	return (struct link_config){ .broker = &o->url,
		.password = o->password,
		.tls = o->tls,
		.cafile = o->cafile,
		.certfile = o->certfile,
		.errand = verb->name,
		.timeout = seconds((int64_t)o->timeout) };
}

/* Of the signal handler. */
static char timeout_text[256];
static int timeout_fd, timeout_code;

static void on_timeout(int signal_number)
{
	(void)signal_number;
	if (write(timeout_fd, timeout_text, strlen(timeout_text)) < 0)
		_exit(timeout_code);
	_exit(timeout_code);
}

static void start_watchdog(int fd, int code, const struct connect_options *o)
{
	timeout_fd = fd;
	timeout_code = code;
	signal(SIGALRM, on_timeout);
	alarm((unsigned)o->timeout + 1); /* link_open() ends by itself where it can */
}

void connect_watchdog_start(const struct verb *verb, const struct connect_options *o)
{
	struct str url = { 0 };

	url_format(&o->url, &url);
	snprintf(timeout_text, sizeof(timeout_text), "belfry %s: %s: no answer within %u s\n",
			verb->name, str_text(&url), (unsigned)o->timeout);
	str_finish(&url);
	start_watchdog(STDERR_FILENO, EXIT_UNREACHABLE, o);
}

void connect_watchdog_start_with(const char *line, int code, const struct connect_options *o)
{
	snprintf(timeout_text, sizeof(timeout_text), "%s\n", line);
	start_watchdog(STDOUT_FILENO, code, o);
}

void connect_watchdog_stop(void)
{
	alarm(0);
}
