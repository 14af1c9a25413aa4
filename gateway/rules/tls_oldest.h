/* SPDX-License-Identifier: MIT */
/*
 * The oldest version of TLS that is spoken, as the keyword tls_version says it: of brokers, and of
 * relays. Constant; any thread.
 */
#ifndef GATEWAY_RULES_TLS_OLDEST_H
#define GATEWAY_RULES_TLS_OLDEST_H

#include "common/settings.h"

enum tls_oldest { TLS_OLDEST_ANY, TLS_OLDEST_1_2, TLS_OLDEST_1_3 };

/* What an operator may write; NULL ends it. */
extern const struct setting_choice tls_oldest_words[];

/* The word, as struct tls_settings takes it; NULL of TLS_OLDEST_ANY. Static. */
const char *tls_oldest_word(enum tls_oldest oldest);

#endif
