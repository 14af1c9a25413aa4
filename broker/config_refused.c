/* SPDX-License-Identifier: MIT */
/*
 * Keywords of mosquitto.conf that are known and not carried out. They are looked up before the
 * tables: what stands here is refused even where it has a row.
 */
#include "broker/config_tables.h"

#define NOT_YET                                                                                    \
	"is known from mosquitto.conf and not carried out by this version; remove the line only "  \
	"if the site can do without it"
#define REFUSE(keyword)                                                                            \
	{                                                                                          \
		keyword, NOT_YET                                                                   \
	}

/* What a site may rely on and would miss in silence. */
const struct settings_refusal config_refusals[] = {
	REFUSE("auth_opt"),
	REFUSE("auth_plugin"),
	REFUSE("auth_plugin_deny_special_chars"),
	REFUSE("bridge_require_ocsp"),
	REFUSE("bridge_tcp_keepalive"),
	REFUSE("enable_control_api"),
	REFUSE("global_plugin"),
	REFUSE("http_dir"),
	REFUSE("packet_buffer_size"),
	REFUSE("plugin"),
	REFUSE("plugin_load"),
	REFUSE("plugin_use"),
	REFUSE("retry_interval"),
	REFUSE("tls_engine"),
	REFUSE("tls_engine_kpass_sha1"),
	REFUSE("tls_keyform"),
	REFUSE("websockets_log_level"),
	{ NULL, NULL },
};
