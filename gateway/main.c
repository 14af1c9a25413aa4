/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "common/log.h"
#include "common/mem.h"
#include "gateway/config.h"
#include "gateway/service.h"

static bool go_background(const struct config *config)
{
	/* A reload has to find its files from the same folder as the start. */
	if (!config->daemonise || daemon(1, (config->log.destinations & LOG_TO_STDERR) != 0) == 0)
		return true;
	log_error_errno(errno, "cannot run in the background");
	return false;
}

int main(int argc, char **argv)
{
	struct config *config = xcalloc(1, sizeof(*config));
	int status = EXIT_FAILURE;
	int r;

	if (!config_load(config, argc, argv)) { /* prints its own errors, or --help */
		status = config->exit_status;
		config_destroy(config);
		return status;
	}
	r = log_open(&config->log);
	if (r < 0)
		log_error_errno(r, "log_dest: %s cannot be opened", config->log.file);
	else if (go_background(config))
		return service_run(config); /* until SIGTERM */
	config_destroy(config);
	return status;
}
