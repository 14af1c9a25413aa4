/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "broker/broker.h"
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

static bool start_process(const struct config *config)
{
	struct log_config log = config_log(config);
	int error = log_open(&log);

	if (error < 0) {
		log_error_errno(error, "log_dest file %s", log.file);
		return false;
	}
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

int main(int argc, char **argv)
{
	struct config config;
	struct broker *broker = NULL;
	int status;

	if (config_load(&config, argc, argv, &status)) { /* says what is wrong itself */
		status = EXIT_FAILURE;
		if (start_process(&config)) {
			broker = broker_create(&config);
			if (broker_listen(broker)) {
				broker_run(broker); /* until SIGTERM */
				status = EXIT_SUCCESS;
			}
		}
	}
	broker_destroy(broker);
	config_finish(&config);
	return status;
}
