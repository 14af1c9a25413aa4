/* SPDX-License-Identifier: MIT */
/*
 * The certificates that the broker's open listeners show. Which of them end soon is said where
 * they are read (common/tls_files.h).
 */
#ifndef BROKER_CERTIFICATES_H
#define BROKER_CERTIFICATES_H

#include "broker/resources.h"

/* When the first of them expires, in seconds since 1970; 0: there is none. */
uint64_t certificates_expiry(const struct listener *listeners);

/* Log which listeners show another one with `fresh`. */
void certificates_tell_changes(const struct listener *listeners, const struct resources *fresh);

#endif
