/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "broker/broker.h"
#include "common/account.h"
#include "common/log.h"
#include "common/process.h"

/* A descriptor a connection: as many as the system gives. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Whom root is to become; false when nobody, or when it cannot be told who. */
static bool find_account(const struct config *config, struct account *ret)
{
	int error = account_find(config->user, ret);

	const char *name = config->user != NULL ? config->user : "nobody";

	if (error == -ENOENT)
		log_error("user %s: there is no such user on this machine", name);
	else if (error < 0)
		log_error_errno(error, "user %s", name);
	return error == 0;
}

/* Its file is the account's, so that it can be opened anew when root is far. */
static bool open_log(const struct config *config, const struct account *account)
{
	struct log_config log = config_log(config);
	int error = account != NULL ? account_borrow(account) : 0;

	if (error == 0)
		error = log_open(&log);
	if (account != NULL)
		account_set_aside();
	if (error < 0)
		log_error_errno(error, "log_dest file %s", log.file);
	return error == 0;
}

static bool start_process(const struct config *config)
{
	int error = 0;

	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();
	if (config->daemon && daemon(0, 0) < 0) {
		log_error_errno(errno, "cannot go into the background");
		return false;
	}
	if (config->pid_file != NULL && config->daemon) {
		error = pid_file_write(config->pid_file);
		if (error < 0)
			log_error_errno(error, "pid_file %s", config->pid_file);
	}
	return error >= 0;
}

static bool drop_privileges(const struct account *account)
{
	int error = account != NULL ? account_assume(account) : 0;

	if (error < 0)
		log_error_errno(error, "cannot become user %s", account->name);
	return error == 0;
}

/* The files that the configuration names; what is wrong with them is said here. */
static bool read_files(const struct config *config, struct resources *ret)
{
	struct settings_report report = { 0 };
	bool ok = resources_open(ret, config, &report);

	fputs(str_text(&report.text), stderr);
	str_finish(&report.text);
	return ok;
}

/* What the command line and the system hand to the broker. */
struct start {
	struct config *config;
	struct resources resources;
	struct activation passed;
	struct account found, *account; /* whom root is to become; NULL: it is not root */
};

/* Until SIGTERM. What needs root comes first, then it is gone. */
static int serve(struct start *s)
{
	struct broker *broker = broker_create(s->config, &s->resources);
	bool ok = broker_listen(broker, &s->passed) && drop_privileges(s->account) &&
		  broker_restore(broker);

	s->config = NULL; /* the broker's now */
	if (ok)
		broker_run(broker);
	broker_destroy(broker);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(struct start *s)
{
	bool test = s->config->test;

	if (!read_files(s->config, &s->resources))
		return EXIT_CONFIG;
	if (s->account != NULL && !find_account(s->config, s->account))
		return test ? EXIT_CONFIG : EXIT_FAILURE;
	if (test) {
		printf("%s: the configuration is good\n",
				s->config->file != NULL ? s->config->file : "no file");
		return EXIT_SUCCESS;
	}
	if (!open_log(s->config, s->account) || !start_process(s->config))
		return EXIT_FAILURE;
	return serve(s);
}

int main(int argc, char **argv)
{
	struct start s = { .config = config_create() };
	int status;

	activation_init(&s.passed);
	if (getuid() == 0)
		s.account = &s.found;
	if (config_load(s.config, argc, argv, &status)) /* says what is wrong itself */
		status = run(&s);
	activation_finish(&s.passed);
	resources_close(&s.resources);
	config_destroy(s.config);
	return status;
}
