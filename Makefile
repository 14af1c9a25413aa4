# SPDX-License-Identifier: MIT
#
# belfry: monitoring over MQTT.
#
#   make              build the programs into build/bin, the plugins into build/plugins
#   make demo         install what is missing, build, show the real thing in a scratch folder
#   make check        install what is missing, build, run the whole test suite
#   make deps         install the packages of the distribution (as root or through sudo)
#   make lint         check the layers, the formatting, the usual mistakes
#   make tidy         clang-tidy over the sources, ten minutes; ANALYSIS=shallow: one or two
#   make format       rewrite the sources in the house style
#   make bench        measure, side by side with the distribution's Mosquitto
#   make chaos        kill and stop everything under load for a while, count what was lost
#   make fuzz         run every fuzzer for FUZZ_SECONDS (60) with clang's libFuzzer
#   make man          renew what the manual says about keywords
#   make install      install programs, manual, units, samples; DESTDIR, PREFIX (/usr/local) and
#                     the folders below it are honoured; no configuration is touched
#   make clean        remove build/
#
#   MODE=release|debug|asan|tsan   what to build; release is the default
#   DEV=1                          warnings are errors
#   V=1                            show the commands

MODE ?= release
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
SBINDIR    ?= $(PREFIX)/sbin
DOCDIR     ?= $(PREFIX)/share/doc/belfry
MANDIR     ?= $(PREFIX)/share/man
SYSCONFDIR ?= /etc
PLUGINDIR  ?= $(PREFIX)/lib/belfry/plugins
INCLUDEDIR ?= $(PREFIX)/include
PKGCONFIGDIR ?= $(PREFIX)/lib/pkgconfig
UNITDIR    ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
PYTHON     ?= /usr/bin/python3
PKG_CONFIG ?= pkg-config
FUZZ_SECONDS ?= 60
ANALYSIS   ?= deep

VERSION := $(shell cat VERSION)
Q := $(if $(V),,@)
B := build/$(MODE)
BIN := $(if $(filter release,$(MODE)),build/bin,$(B)/bin)
PLUGINS_TO := $(dir $(BIN))plugins

# --- flags ---------------------------------------------------------------------------------------

cc-option = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo $(1))

# gcc clears the structures of a kilobyte that we begin with by `rep stos`, whose start costs more
# than the rest of the function.
comma := ,
CLEAR := -mmemset-strategy=vector_loop:2048:noalign$(comma)libcall:-1:noalign

MODE_release  = -O2 -g -D_FORTIFY_SOURCE=2 $(call cc-option,$(CLEAR))
MODE_debug   := -O0 -g3
MODE_asan    := -O1 -g3 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
MODE_tsan    := -O1 -g3 -fno-omit-frame-pointer -fsanitize=thread
OPT := $(or $(MODE_$(MODE)),$(error unknown MODE '$(MODE)': take release, debug, asan or tsan))

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wundef -Wcast-qual -Wwrite-strings \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
	-Wformat=2 -Wswitch-enum -Wimplicit-fallthrough \
	$(call cc-option,-Wlogical-op) $(call cc-option,-Wduplicated-cond) $(if $(DEV),-Werror)
HARD := -fPIE -fno-common -fstack-protector-strong $(call cc-option,-fstack-clash-protection) \
	$(call cc-option,-fcf-protection) $(call cc-option,-ftrivial-auto-var-init=zero) \
	-ffile-prefix-map=$(CURDIR)=.

override CPPFLAGS := -I. -D_GNU_SOURCE -DBELFRY_VERSION='"$(VERSION)"' $(CPPFLAGS)
override CPPFLAGS += -DBELFRY_PLUGINDIR='"$(PLUGINDIR)"'
override CFLAGS   := -std=c17 $(OPT) $(WARN) $(HARD) -pthread $(CFLAGS)
override LDFLAGS  := -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed -pthread \
	$(filter -fsanitize=%,$(OPT)) $(LDFLAGS)

# --- what is built from what ---------------------------------------------------------------------
# A folder is a component; its .c files are found, never listed. main.c is the only file that is
# not part of its component's archive, so that everything else can be linked into tests.

BROKER_DIRS  := broker broker/mqtt broker/core broker/io broker/store
GATEWAY_DIRS := gateway gateway/result gateway/rules gateway/answer gateway/journal gateway/intake gateway/relay gateway/output gateway/plugin
src  = $(filter-out $(ABSENT),$(sort $(wildcard $(addsuffix /*.c,$(1)))))
objs = $(patsubst %.c,$(B)/%.o,$(filter-out %/main.c,$(call src,$(1))))

# A part whose library is absent is left out: a file that refuses it stands in.
has-header = $(shell $(CC) $(CPPFLAGS) -x c -include $(1) -fsyntax-only /dev/null 2>/dev/null && echo yes)
HTTP_API := $(call has-header,microhttpd.h)
HTTP_PARSER := $(call has-header,http_parser.h)
WEBSOCKET := $(and $(call has-header,wslay/wslay.h),$(HTTP_PARSER))
ZLIB := $(call has-header,zlib.h)
ABSENT   := broker/io/http_api$(if $(HTTP_API),_absent).c gateway/http$(if $(HTTP_API),_absent).c \
	$(if $(HTTP_API),,common/http_server.c) $(if $(ZLIB),,plugins/deflate.c) \
	$(if $(WEBSOCKET),broker/io/websocket_absent.c,broker/io/websocket.c broker/io/http_upgrade.c) \
	$(if $(HTTP_PARSER),gateway/output/icinga2_absent.c,gateway/output/icinga2.c \
	gateway/output/icinga2_lanes.c gateway/output/icinga2_batch.c gateway/output/icinga2_trouble.c \
	gateway/output/http_connection.c gateway/output/http_reader.c)

# A plugin is a folder below plugins/. It is left out when a library it needs is absent:
# name, headers to try, packages that bring them, how to link.
comma := ,
PLUGIN_NEEDS := redis:hiredis/hiredis.h:libhiredis-dev:-lhiredis \
	lumberjack:zlib.h:zlib1g-dev:-lz gelf:zlib.h:zlib1g-dev:-lz \
	http:curl/curl.h,zlib.h:libcurl4-openssl-dev,zlib1g-dev:-Wl,-lcurl,-lcjson,-lz,-z,nodelete
plugin-need  = $(word $(2),$(subst :, ,$(filter $(1):%,$(PLUGIN_NEEDS))))
plugin-lacks = $(strip $(foreach h,$(subst $(comma), ,$(call plugin-need,$(1),2)),$(if $(call has-header,$(h)),,yes)))
ALL_PLUGINS := $(sort $(patsubst plugins/%/,%,$(dir $(wildcard plugins/*/*.c))))
LACKING     := $(strip $(foreach p,$(ALL_PLUGINS),$(if $(call plugin-lacks,$(p)),$(p))))
PLUGINS     := $(filter-out $(LACKING),$(ALL_PLUGINS))

COMMON  := $(B)/libcommon.a
BROKER  := $(B)/libbroker.a
GATEWAY := $(B)/libgateway.a
CLI     := $(B)/libcli.a
LOADLIB := $(B)/libbench.a
RELAYLIB := $(B)/librelay.a
PROGRAMS := $(BIN)/belfry-broker $(BIN)/belfry-gateway $(BIN)/belfry $(PLUGINS:%=$(PLUGINS_TO)/%.so)

UNIT_SRC := $(sort $(shell find tests/unit -name '*_test.c' $(LACKING:%=-not -path 'tests/unit/plugins/%/*') \
	$(if $(ZLIB),,-not -path tests/unit/plugins/deflate_test.c) 2>/dev/null))
UNITS    := $(patsubst %.c,$(B)/%,$(UNIT_SRC))
FUZZ_SRC := $(filter-out $(foreach p,$(LACKING),$(shell grep -l '"plugins/$(p)/' tests/fuzz/fuzz_*.c)),$(sort $(wildcard tests/fuzz/fuzz_*.c)))
REPLAYS  := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(FUZZ_SRC))
CONVERSE := $(B)/tests/conversations/converse
LOADGEN  := $(B)/tests/bench/loadgen
LUMBERJACK_PEER := $(B)/tests/bench/lumberjack_peer
REDIS_BARE := $(if $(filter redis,$(PLUGINS)),$(B)/tests/bench/redis_bare)
NEBS     := $(patsubst tests/system/%.c,$(B)/tests/system/%.so,\
	$(wildcard tests/system/neb*.c tests/system/clock*.c tests/system/slow*.c))
MAKE_STORE := $(B)/tests/system/make_store
TESTS    := $(UNITS) $(REPLAYS) $(CONVERSE) $(NEBS) $(MAKE_STORE)

C_FILES := $(sort $(shell find common broker gateway plugins cli tests -name '*.[ch]' 2>/dev/null))

MAN_PAGES := $(sort $(foreach n,1 3 5 8,$(wildcard broker/*.$(n) gateway/*.$(n) cli/*.$(n) plugins/*.$(n)) \
	$(wildcard $(PLUGINS:%=plugins/%/*.$(n)))))
SERVICES  := $(sort $(wildcard contrib/systemd/*.service contrib/systemd/*.socket))

.PHONY: all programs tests check demo deps lint tidy format bench chaos fuzz man install clean help
all: programs
programs: $(PROGRAMS)
tests: $(TESTS) $(LOADGEN) $(LUMBERJACK_PEER) $(REDIS_BARE)

# --- libraries -----------------------------------------------------------------------------------
# job, header to try, package that brings it. Checked once per configuration, before compiling.

LIBRARIES := libev:ev.h:libev-dev lmdb:lmdb.h:liblmdb-dev \
	libmosquitto:mosquitto.h:libmosquitto-dev libcjson:cjson/cJSON.h:libcjson-dev \
	uthash:uthash.h:uthash-dev xxhash:xxhash.h:libxxhash-dev \
	libssl:openssl/ssl.h:libssl-dev

define newline


endef

define check-library
@echo '#include <$(word 2,$(subst :, ,$(1)))>' | $(CC) $(CPPFLAGS) -x c -fsyntax-only - 2>/dev/null || \
	{ echo "missing: $(word 1,$(subst :, ,$(1))), install the package $(word 3,$(subst :, ,$(1))) (or run: make deps)" >&2; exit 1; }

endef

$(B)/libraries: Makefile
	$(foreach l,$(LIBRARIES),$(call check-library,$(l)))
	$(if $(WEBSOCKET),,@echo 'note: without libwslay-dev and libhttp-parser-dev: belfry-broker has no `protocol websockets`' >&2)
	$(if $(HTTP_PARSER),,@echo 'note: without libhttp-parser-dev: belfry-gateway has no output of the type icinga2' >&2)
	$(foreach p,$(LACKING),@echo 'note: without $(call plugin-need,$(p),3): there is no plugin $(p)' >&2$(newline)	)
	$(if $(HTTP_API),,@echo 'note: without libmicrohttpd-dev: belfry-broker has no `protocol http_api`, belfry-gateway no http_listen (/metrics)' >&2)
	@mkdir -p $(B) && touch $@

pkg = $(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null || echo $(2))
LIBS_BROKER  := -lev -lm $(call pkg,lmdb,-llmdb) $(call pkg,openssl,-lssl -lcrypto) \
	$(if $(WEBSOCKET),-lwslay -lhttp_parser) $(if $(HTTP_API),$(call pkg,libmicrohttpd,-lmicrohttpd))
LIBS_GATEWAY := -ldl -lm $(call pkg,openssl,-lssl -lcrypto) $(call pkg,libmosquitto,-lmosquitto) $(call pkg,libcjson,-lcjson) $(call pkg,lmdb,-llmdb) \
	$(if $(HTTP_API),$(call pkg,libmicrohttpd,-lmicrohttpd)) $(if $(HTTP_PARSER),-lhttp_parser)
LIBS_BENCH   := $(call pkg,openssl,-lssl -lcrypto)
LIBS_CLI     := $(call pkg,libmosquitto,-lmosquitto) $(call pkg,libcjson,-lcjson) $(call pkg,openssl,-lssl -lcrypto) \
	$(call pkg,lmdb,-llmdb)

# --- rules ---------------------------------------------------------------------------------------

# Changed flags rebuild everything.
FLAGS := $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)
ifneq ($(FLAGS),$(file <$(B)/flags))
$(shell mkdir -p $(B))$(file >$(B)/flags,$(FLAGS))
endif

$(B)/%.o: %.c $(B)/flags $(B)/libraries
	@mkdir -p $(@D)
	$(if $(Q),@echo '  CC      $<')
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(CFLAGS_$(patsubst %/,%,$(dir $<))) -MMD -MP -c -o $@ $<

# Plugins are linked with what they use of common/, and show nothing of it to one another.
SHARED             := -fPIC -fvisibility=hidden
CFLAGS_common      := $(call cc-option,-Wconversion) $(SHARED)
CFLAGS_broker/mqtt := $(call cc-option,-Wconversion)

$(COMMON):  $(call objs,common)
$(BROKER):  $(call objs,$(BROKER_DIRS))
$(GATEWAY): $(call objs,$(GATEWAY_DIRS))
$(CLI):     $(call objs,cli)
$(LOADLIB): $(call objs,tests/bench)

$(B)/%.a:
	@rm -f $@
	$(if $(Q),@echo '  AR      $@')
	$(Q)$(AR) rcsD $@ $^

define link
@mkdir -p $(@D)
$(if $(Q),@echo '  LD      $@')
$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(1) $(LIBS)
endef

$(BIN)/belfry-broker:  $(B)/broker/main.o $(BROKER) $(COMMON)
	$(call link,$(LIBS_BROKER))
$(BIN)/belfry-gateway: $(B)/gateway/main.o $(GATEWAY) $(COMMON)
	$(call link,$(LIBS_GATEWAY))
$(BIN)/belfry: $(B)/cli/main.o $(CLI) $(COMMON)
	$(call link,$(LIBS_CLI))

# What plugins of ours share beside common/.
CFLAGS_plugins := $(SHARED)
$(RELAYLIB): $(call objs,plugins)
UNITS_RELAY := $(foreach u,$(UNITS),$(if $(filter $(B)/tests/unit/plugins/,$(dir $(u))),$(u)))
$(UNITS_RELAY): %: %.o $(RELAYLIB) $(COMMON)
$(UNITS_RELAY): LIBS_PLUGIN := $(if $(ZLIB),-lz)

define plugin-rules
CFLAGS_plugins/$(1) := $$(SHARED)
$(B)/plugins/$(1).a: $(call objs,plugins/$(1))
$(PLUGINS_TO)/$(1).so: $(call objs,plugins/$(1)) $(RELAYLIB) $(COMMON)
	@mkdir -p $$(@D)
	$$(if $$(Q),@echo '  LD      $$@')
	$$(Q)$$(CC) $$(CFLAGS) -fPIC -shared $$(filter-out -pie,$$(LDFLAGS)) -Wl,--exclude-libs,ALL \
		-o $$@ $$^ $(call plugin-need,$(1),4) -lm
$(filter $(B)/tests/unit/plugins/$(1)/%,$(UNITS)): %: %.o $(B)/plugins/$(1).a $(RELAYLIB) $(COMMON)
$(filter $(B)/tests/unit/plugins/$(1)/%,$(UNITS)): LIBS_PLUGIN := $(call plugin-need,$(1),4)
endef
$(foreach p,$(PLUGINS),$(eval $(call plugin-rules,$(p))))

# A test binary is linked with the component that it tests; the tool's tests read back what they
# made with the gateway's decoder.
$(filter $(B)/tests/unit/broker/%,$(UNITS)):  %: %.o $(BROKER) $(COMMON)
$(filter $(B)/tests/unit/gateway/%,$(UNITS)): %: %.o $(GATEWAY) $(COMMON)
$(filter $(B)/tests/unit/cli/%,$(UNITS)):     %: %.o $(CLI) $(GATEWAY) $(COMMON)
$(filter $(B)/tests/unit/common/%,$(UNITS)):  %: %.o $(COMMON)
$(filter $(B)/tests/unit/bench/%,$(UNITS)):   %: %.o $(LOADLIB)
$(UNITS):
	$(call link,$(LIBS_BROKER) $(LIBS_GATEWAY) $(LIBS_BENCH) $(LIBS_PLUGIN) -lcmocka)

# A fuzz target is a plugin's or the gateway's when it includes something of it, else the broker's.
FUZZ_PLUGIN  := $(patsubst tests/fuzz/%.c,%,$(shell grep -l '"plugins/[a-z]*/' $(FUZZ_SRC) /dev/null))
FUZZ_GATEWAY := $(patsubst tests/fuzz/%.c,%,$(shell grep -l '"gateway/' $(FUZZ_SRC) /dev/null))
fuzz-of = $(if $(filter $(notdir $(1)),$(FUZZ_GATEWAY)),$(3),$(2))
$(filter $(addprefix $(B)/tests/fuzz/,$(FUZZ_GATEWAY)),$(REPLAYS)):     %: %.o $(GATEWAY) $(COMMON)
$(filter-out $(addprefix $(B)/tests/fuzz/,$(FUZZ_GATEWAY) $(FUZZ_PLUGIN)),$(REPLAYS)): %: %.o $(BROKER) $(COMMON)
plugin-of = $(shell sed -n 's|^.include "plugins/\([a-z]*\)/.*|\1|p' tests/fuzz/$(notdir $(1)).c | head -n 1)
define fuzz-plugin-rules
$(B)/tests/fuzz/$(1): $(B)/tests/fuzz/$(1).o $(B)/plugins/$(call plugin-of,$(1)).a $(RELAYLIB) $(COMMON)
$(B)/tests/fuzz/$(1) build/fuzz/$(1): LIBS_PLUGIN := $(call plugin-need,$(call plugin-of,$(1)),4)
endef
$(foreach f,$(FUZZ_PLUGIN),$(eval $(call fuzz-plugin-rules,$(f))))
$(REPLAYS): $(B)/tests/fuzz/replay.o
	$(call link,$(LIBS_BROKER) $(LIBS_GATEWAY) $(LIBS_PLUGIN))
$(CONVERSE): $(call objs,tests/conversations) $(BROKER) $(COMMON)
	$(call link,$(LIBS_BROKER))
$(LOADGEN): $(B)/tests/bench/main.o $(LOADLIB)
	$(call link,$(LIBS_BENCH))
$(LUMBERJACK_PEER): $(B)/tests/bench/lumberjack/main.o $(COMMON)
	$(call link)
$(B)/tests/bench/redis_bare: $(B)/tests/bench/redis/main.o $(COMMON)
	$(call link,$(call plugin-need,redis,4))
$(MAKE_STORE): $(B)/tests/system/make_store.o $(COMMON)
	$(call link,$(call pkg,lmdb,-llmdb))
$(B)/tests/system/%.so: tests/system/%.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE -I. -O2 $(WARN) -shared -fPIC -o $@ $<

.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)

# --- what a person runs --------------------------------------------------------------------------

deps:
	$(Q)sh contrib/deps.sh

demo:
	$(Q)sh contrib/deps.sh --run
	$(Q)$(MAKE) --no-print-directory programs
	$(Q)$(BIN)/belfry demo $(if $(ONESHOT),--oneshot)

check:
	$(Q)sh contrib/deps.sh
	$(Q)$(MAKE) --no-print-directory programs tests
	$(Q)MODE=$(MODE) BELFRY_BIN=$(BIN) BELFRY_BUILD=$(B) $(PYTHON) tests/check.py $(ONLY)

chaos: programs tests
	$(Q)BELFRY_BIN=$(BIN) BELFRY_BUILD=$(B) $(PYTHON) tests/system/chaos.py $(CHAOS)
	$(if $(CHAOS),,$(Q)BELFRY_BIN=$(BIN) BELFRY_BUILD=$(B) $(PYTHON) tests/system/loss.py)

bench: programs tests
	$(Q)BELFRY_BIN=$(BIN) BELFRY_BUILD=$(B) $(PYTHON) tests/bench/bench.py $(BENCH)

lint:
	$(Q)awk -f tests/lint/layers.awk tests/lint/layers.txt $(C_FILES)
	$(Q)CC='$(CC)' CPPFLAGS='$(CPPFLAGS)' sh tests/lint/lint.sh $(C_FILES)

tidy: $(patsubst %.c,build/tidy/%.ok,$(call src,common $(BROKER_DIRS) $(GATEWAY_DIRS) plugins $(PLUGINS:%=plugins/%) cli))
build/tidy/%.ok: %.c .clang-tidy
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- $(CPPFLAGS) -std=c17 -Xclang -analyzer-config \
		-Xclang mode=$(ANALYSIS) 2>/dev/null
	@touch $@

format:
	$(Q)clang-format -i $(C_FILES)

FUZZ_CC ?= clang
fuzz: $(patsubst tests/fuzz/%.c,build/fuzz/%,$(FUZZ_SRC))
	$(Q)for f in $^; do \
		n=$${f##*/fuzz_}; mkdir -p build/fuzz/new/$$n; echo "== $$n"; \
		$$f -max_total_time=$(FUZZ_SECONDS) -timeout=5 -artifact_prefix=build/fuzz/$$n- \
			build/fuzz/new/$$n tests/fuzz/corpus/$$n || exit 1; done

FUZZ_SOURCES = $(filter-out %/main.c,$(call src,common $(if $(filter $(notdir $(1)),$(FUZZ_PLUGIN)),\
	plugins plugins/$(call plugin-of,$(1)),$(call fuzz-of,$(1),$(BROKER_DIRS),$(GATEWAY_DIRS)))))
build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(call src,common $(BROKER_DIRS) $(GATEWAY_DIRS) plugins $(PLUGINS:%=plugins/%))
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -I. -D_GNU_SOURCE -DBELFRY_VERSION='"fuzz"' -std=c17 -O1 -g -pthread \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -o $@ $< \
		$(call FUZZ_SOURCES,$@) $(LIBS_BROKER) $(LIBS_GATEWAY) $(LIBS_PLUGIN) $(if $(ZLIB),-lz)

man: $(BIN)/belfry-broker $(BIN)/belfry-gateway $(PLUGINS:%=$(PLUGINS_TO)/%.so)
	$(Q)for d in broker gateway; do \
		sh contrib/man.sh $$d/belfry-$$d.conf.5 $(BIN)/belfry-$$d || exit 1; done
	$(Q)for p in $(PLUGINS); do \
		sh contrib/man.sh plugins/$$p/belfry-$$p.5 $(BIN)/belfry-gateway $$p || exit 1; done

# Units name the folders that programs and configuration are installed in.
install: programs
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(DOCDIR)/examples \
		$(foreach d,grafana logstash relay vector,$(DESTDIR)$(DOCDIR)/$(d)) \
		$(foreach n,1 3 5 8,$(DESTDIR)$(MANDIR)/man$(n)) $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR) \
		$(DESTDIR)$(PLUGINDIR) $(DESTDIR)$(INCLUDEDIR)/belfry $(DESTDIR)$(PKGCONFIGDIR)
	install -m 755 $(BIN)/belfry $(DESTDIR)$(BINDIR)/
	install -m 755 $(BIN)/belfry-broker $(BIN)/belfry-gateway $(DESTDIR)$(SBINDIR)/
	$(foreach p,$(PLUGINS),install -m 644 $(PLUGINS_TO)/$(p).so $(DESTDIR)$(PLUGINDIR)/$(newline)	)
	install -m 644 plugins/relay.h $(DESTDIR)$(INCLUDEDIR)/belfry/
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@PLUGINDIR@|$(PLUGINDIR)|' \
		-e 's|@VERSION@|$(VERSION)|' plugins/belfry-relay.pc.in >$(DESTDIR)$(PKGCONFIGDIR)/belfry-relay.pc
	chmod 644 $(DESTDIR)$(PKGCONFIGDIR)/belfry-relay.pc
	install -m 644 README.md CHANGES LICENSE $(DESTDIR)$(DOCDIR)/
	install -m 644 contrib/examples/* $(DESTDIR)$(DOCDIR)/examples/
	install -m 644 contrib/grafana/* $(DESTDIR)$(DOCDIR)/grafana/
	install -m 644 contrib/logstash/* $(DESTDIR)$(DOCDIR)/logstash/
	install -m 644 contrib/relay/* $(DESTDIR)$(DOCDIR)/relay/
	chmod 755 $(DESTDIR)$(DOCDIR)/relay/exec-example
	install -m 644 contrib/vector/* $(DESTDIR)$(DOCDIR)/vector/
	install -m 644 contrib/systemd/belfry.sysusers $(DESTDIR)$(SYSUSERSDIR)/belfry.conf
	$(Q)set -e; for page in $(MAN_PAGES); do \
		install -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/; done
	$(Q)set -e; for unit in $(SERVICES); do \
		sed -e 's|@SBINDIR@|$(SBINDIR)|g' -e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g' \
			-e 's|@DOCDIR@|$(DOCDIR)|g' $$unit >$(DESTDIR)$(UNITDIR)/$${unit##*/}; \
		chmod 644 $(DESTDIR)$(UNITDIR)/$${unit##*/}; done

clean:
	rm -rf build

help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' Makefile
