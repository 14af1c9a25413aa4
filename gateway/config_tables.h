/* SPDX-License-Identifier: MIT */
/*
 * The tables of the gateway's configuration, for what walks them: the reader, --help, the manual,
 * and a reload that tells what has changed.
 */
#ifndef GATEWAY_CONFIG_TABLES_H
#define GATEWAY_CONFIG_TABLES_H

#include "gateway/rules/config.h"

enum { CONFIG_MAX_OPENERS = 32 };

extern const struct setting config_global_settings[]; /* of struct config */
extern const struct setting config_broker_settings[]; /* of struct access_config */
extern const struct setting config_route_settings[];  /* of struct route_config */
extern const struct setting config_submit_settings[]; /* of struct submit_config */

/* The grammar with what it points to. */
struct config_grammar {
	struct settings_grammar settings;
	struct settings_opener openers[CONFIG_MAX_OPENERS];
	char usages[CONFIG_MAX_OPENERS][64];
};

/* The blocks that are read are added to *config. */
void config_grammar_fill(struct config_grammar *grammar, struct config *config);

/* clang-format off */
/* The rows of a struct access_config that stands at `at` of a T. */
#define ACCESS_SETTINGS(T, at) \
{ "password_file",      SETTING_TEXT,     SETTING_FIELD(T, char *, at password_file),    1, 4096, NULL, 0, \
  "File whose first line is the password for the user named in broker. Nobody else may be able to read it.", NULL }, \
{ "cafile",             SETTING_TEXT,     SETTING_FIELD(T, char *, at cafile),           1, 4096, NULL, 0, \
  "Certificate authorities that may have signed the certificate of a mqtts:// broker, in PEM form. The certificate has to name the host as broker does.", NULL }, \
{ "capath",             SETTING_TEXT,     SETTING_FIELD(T, char *, at capath),           1, 4096, NULL, 0, \
  "The same as a folder of files, prepared by openssl rehash.", NULL }, \
{ "tls_use_os_certs",   SETTING_BOOL,     SETTING_FIELD(T, bool, at tls_use_os_certs),   0, 0,    NULL, 0, \
  "Believe the authorities that this system believes.", NULL }, \
{ "crlfile",            SETTING_TEXT,     SETTING_FIELD(T, char *, at crlfile),          1, 4096, NULL, 0, \
  "Certificates of brokers that those authorities have revoked (CRL), in PEM form.", NULL }, \
{ "certfile",           SETTING_TEXT,     SETTING_FIELD(T, char *, at certfile),         1, 4096, NULL, 0, \
  "The gateway's own certificate, for brokers that ask for one.", NULL }, \
{ "keyfile",            SETTING_TEXT,     SETTING_FIELD(T, char *, at keyfile),          1, 4096, NULL, 0, \
  "The private key of certfile.", NULL }, \
{ "psk_file",           SETTING_TEXT,     SETTING_FIELD(T, char *, at psk_file),         1, 4096, NULL, 0, \
  "A pre-shared key for a mqtts:// broker, in place of certificates: a file with the line IDENTITY:HEXKEY. Nobody else may be able to read it.", NULL }, \
{ "psk_identity",       SETTING_TEXT,     SETTING_FIELD(T, char *, at psk_identity),     1, 256,  NULL, 0, \
  "Which line of psk_file it is, when there are several.", NULL }, \
{ "tls_version",        SETTING_CHOICE,   SETTING_FIELD(T, int, at tls_version),         0, 0,    NULL, 0, \
  "The oldest version of TLS that is spoken; without it tlsv1.2.", tls_oldest_words }, \
{ "share",              SETTING_TEXT,     SETTING_FIELD(T, char *, at share),            1, 128,  NULL, 0, \
  "Take a share of the messages only ($share/NAME/...): the broker spreads them over all gateways that name the same share, each of which needs a client_id of its own.", NULL }
/* clang-format on */

#endif
