/* SPDX-License-Identifier: MIT */
/*
 * What an operator says about an output of the type redis.
 */
#ifndef PLUGINS_REDIS_SETTINGS_H
#define PLUGINS_REDIS_SETTINGS_H

#include "plugins/relay.h"

enum redis_mode { MODE_LIST, MODE_CHANNEL, MODE_STREAM };
enum redis_on_full { ON_FULL_BLOCK, ON_FULL_DROP_OLDEST, ON_FULL_DROP_NEWEST };
enum redis_stream_id { STREAM_ID_SEQUENCE, STREAM_ID_AUTO };

/* Rows of the records' rendered texts. */
enum { RENDERED_KEY };

/* Owned by the host; texts that were not given are NULL. */
struct redis_settings {
	const char *url, *password;
	uint64_t database; /* of a Unix socket */
	struct relay_list sentinels;
	const char *sentinel_master, *sentinel_user, *sentinel_password;
	uint64_t timeout; /* seconds */
	int mode;	  /* enum redis_mode */
	const char *key;
	uint64_t push_values, pack;
	uint64_t max_len; /* 0: any */
	int on_full;	  /* enum redis_on_full */
	int stream_id;	  /* enum redis_stream_id */
};

extern const struct relay_setting redis_setting_rows[];

/*
 * Do publishers have a say in the key? One of them is then to blame when it cannot be written to,
 * and the records of the others are not to wait for an operator.
 */
bool redis_key_is_chosen(const struct redis_settings *s);

/* As struct relay_plugin's check. */
bool redis_settings_check(const void *config, char problem[RELAY_REASON]);

#endif
