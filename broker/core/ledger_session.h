/* SPDX-License-Identifier: MIT */
/*
 * The records of a session, for the ledger: as they are when the batch is sealed.
 */
#ifndef BROKER_CORE_LEDGER_SESSION_H
#define BROKER_CORE_LEDGER_SESSION_H

#include "broker/core/ledger.h"

/* Write what has changed of the session into the open batch and take it off the list. */
void ledger_write_session(struct ledger *l, struct session *s, struct duration to_wall);

#endif
