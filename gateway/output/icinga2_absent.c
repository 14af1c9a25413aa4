/* SPDX-License-Identifier: MIT */
/*
 * Stands in for icinga2.c where http-parser is absent.
 */
#include "gateway/output/icinga2.h"

static void check(struct output_config *output, const char *state_dir, struct str *problem)
{
	(void)output;
	(void)state_dir;
	str_append_text(problem, "this belfry-gateway was built without the type icinga2; install "
				 "libhttp-parser-dev and build it again");
}

const struct sink_class icinga2_class = {
	.type = "icinga2",
	.help = "Icinga 2 over its REST API; absent from this build.",
	.settings = icinga2_settings,
	.config_size = sizeof(struct icinga2_config),
	.check = check,
};
