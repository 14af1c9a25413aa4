/* SPDX-License-Identifier: MIT */
/*
 * Two configurations beside each other: is there any difference, and which. What differs is said in
 * the log before the new one is put in place (gateway/service.h).
 */
#ifndef GATEWAY_RELOAD_H
#define GATEWAY_RELOAD_H

#include "gateway/rules/config.h"

/* The same file with the same certificates, keys and passwords. */
bool reload_changes_nothing(const struct config *before, const struct config *after);

/* One line for each change, the remedy with those that wait for a start. */
void reload_tell_changes(const struct config *before, const struct config *after);

#endif
