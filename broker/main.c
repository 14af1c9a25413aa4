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

	if (error < 0)
		log_error_errno(error, "user %s", config->user != NULL ? config->user : "nobody");
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

/* Until SIGTERM. Takes over both. What needs root comes first, then it is gone. */
static int serve(struct config *config, struct resources *resources, const struct account *account)
{
	struct broker *broker = broker_create(config, resources);
	bool ok = broker_listen(broker) && drop_privileges(account);

	if (ok)
		broker_run(broker);
	broker_destroy(broker);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct config *config = config_create();
	struct resources resources = { 0 };
	struct account found, *account = getuid() == 0 ? &found : NULL;
	int status;

	if (config_load(config, argc, argv, &status)) { /* says what is wrong itself */
		status = EXIT_CONFIG;
		if (read_files(config, &resources)) {
			if (!config->test && (account == NULL || find_account(config, account)) &&
					open_log(config, account) && start_process(config))
				return serve(config, &resources, account);
			status = config->test ? EXIT_SUCCESS : EXIT_FAILURE;
		}
		if (status == EXIT_SUCCESS)
			printf("%s: the configuration is good\n",
					config->file != NULL ? config->file : "no file");
	}
	resources_close(&resources);
	config_destroy(config);
	return status;
}
