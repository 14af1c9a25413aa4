/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "gateway/config.h"
#include "gateway/gateway.h"

static bool go_background(const struct config *config)
{
	/* The configuration names absolute paths only, so the working folder may change. */
	if (!config->daemonise || daemon(0, (config->log.destinations & LOG_TO_STDERR) != 0) == 0)
		return true;
	log_error_errno(errno, "cannot run in the background");
	return false;
}

int main(int argc, char **argv)
{
	struct config config;
	struct gateway *gateway = NULL;
	int status = EXIT_FAILURE;
	int r;

	if (!config_load(&config, argc, argv)) { /* prints its own errors, or --help */
		status = config.exit_status;
		config_finish(&config);
		return status;
	}
	r = log_open(&config.log);
	if (r < 0)
		log_error_errno(r, "log_dest: %s cannot be opened", config.log.file);
	else if (go_background(&config) && (gateway = gateway_create(&config)) != NULL)
		status = gateway_run(gateway); /* until SIGTERM */
	gateway_destroy(gateway);
	config_finish(&config);
	return status;
}
