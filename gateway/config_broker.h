/* SPDX-License-Identifier: MIT */
/*
 * The `broker` blocks: where they are, and what proves to them who we are. With what they do not
 * say themselves they are completed from the global section:
 *
 *     cafile /etc/belfry/ca.crt             for each broker that says nothing else
 *     broker mqtts://gateway@a.example
 *     broker mqtts://b.example              this one has no certificate,
 *     psk_file /etc/belfry/b.psk            but a key that both know
 *
 * Whom to believe (cafile, capath, tls_use_os_certs, crlfile, psk_file) is taken over as a whole or
 * not at all: a list of what one authority revoked is nothing to the certificates of another.
 */
#ifndef GATEWAY_CONFIG_BROKER_H
#define GATEWAY_CONFIG_BROKER_H

#include "gateway/rules/config.h"

/* The opener of the block; `owner` is the struct config. */
bool config_open_broker(void *owner, struct settings_line *line, struct settings_block *ret);

/*
 * Complete all brokers and read the files that they name: passwords, keys and certificates. What is
 * wrong goes into the report; a certificate that is about to end is only logged.
 */
void config_check_brokers(struct config *config, struct settings_report *report);

void config_broker_finish(struct broker_config *broker);

#endif
