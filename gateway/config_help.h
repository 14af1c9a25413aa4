/* SPDX-License-Identifier: MIT */
/*
 * What belfry-gateway prints of itself instead of running.
 */
#ifndef GATEWAY_CONFIG_HELP_H
#define GATEWAY_CONFIG_HELP_H

#include <stdbool.h>

/* False: the word of the command line asks for nothing of the kind. *ret_status is for exit(). */
bool config_print_asked(const char *word, int *ret_status);

#endif
