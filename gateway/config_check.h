/* SPDX-License-Identifier: MIT */
#ifndef GATEWAY_CONFIG_CHECK_H
#define GATEWAY_CONFIG_CHECK_H

#include "gateway/rules/config.h"

/*
 * What no single line shows: do names refer to something, do the texts mean something. Fills the
 * compiled parts of the configuration. Reads password_file. True when the report has no error.
 */
bool config_check(struct config *config, struct settings_report *report);

#endif
