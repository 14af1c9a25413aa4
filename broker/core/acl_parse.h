/* SPDX-License-Identifier: MIT */
/*
 * The text of an acl_file:
 *
 *     topic [read|write|readwrite|deny] FILTER
 *     user NAME
 *     pattern [read|write|readwrite|deny] FILTER
 *
 * one a line, `#` comments. Without a word for the access it is readwrite. The name of a user and
 * a filter that an access stands before may have blanks in them.
 */
#ifndef BROKER_CORE_ACL_PARSE_H
#define BROKER_CORE_ACL_PARSE_H

#include "broker/core/acl.h"
#include "common/settings.h"

/*
 * The rules, with a reference for the caller; NULL when the report has gained errors, which are
 * all of the file's. `name` stands for the file in them; `seed` as for acl_create().
 */
struct acl *acl_parse(
		struct span text, const char *name, uint64_t seed, struct settings_report *report);

#endif
