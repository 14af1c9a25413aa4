/* SPDX-License-Identifier: MIT */
/*
 * A password from a person or a script.
 */
#ifndef CLI_ASK_PASSWORD_H
#define CLI_ASK_PASSWORD_H

#include "common/str.h"

/*
 * At a terminal: asks for it twice without showing it; "Password for USER: ". Elsewhere: the first
 * line of standard input; when a second follows, as mosquitto_passwd wants, it is the same. False
 * with a sentence in *problem. The caller wipes *ret.
 */
bool ask_password(struct span user, struct str *ret, struct str *problem);

#endif
