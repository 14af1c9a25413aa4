/* SPDX-License-Identifier: MIT */
#include "gateway/rules/tls_oldest.h"

const struct setting_choice tls_oldest_words[] = {
	{ "tlsv1.2", TLS_OLDEST_1_2 },
	{ "tlsv1.3", TLS_OLDEST_1_3 },
	{ NULL, 0 },
};

const char *tls_oldest_word(enum tls_oldest oldest)
{
	const struct setting_choice *c = tls_oldest_words;

	while (c->word != NULL && c->value != (int)oldest)
		c++;
	return c->word;
}
