# bottle-shim. `make help` lists the targets.
MAKEFLAGS += --no-builtin-rules
B       ?= build
CC      ?= gcc
PREFIX  ?= /usr/local
LIBEXEC ?= $(PREFIX)/libexec/bottle-shim
VERSION := 0.1.0

Q := $(if $(V),,@)

# ---- flags: warnings and hardening are probed one at a time; `make probes` prints what was left out
PROBE = $(shell for f in $(1); do \
	echo 'int main(void){return 0;}' | $(CC) $$f -Werror -x c - -o /dev/null 2>/dev/null && echo " $$f"; done)
WARN_WANT = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wwrite-strings -Wformat=2 -Wvla -Wundef -Wno-missing-field-initializers
HARD_WANT = -fstack-protector-strong -fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero \
	-fno-delete-null-pointer-checks -fno-strict-overflow -fstrict-flex-arrays=3
# Probed once a build folder, not at each make.
$(shell mkdir -p $(B))
ifeq ($(wildcard $(B)/probed.mk),)
$(file >$(B)/probed.mk,PROBED := $(call PROBE,$(WARN_WANT) $(HARD_WANT)))
endif
include $(B)/probed.mk

SAN     ?=
OPT     ?= -O2 -g
CFLAGS  += -std=gnu11 $(OPT) $(PROBED) -fPIE -ffunction-sections -fdata-sections \
	$(if $(DEVELOPER),-Werror) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer,-D_FORTIFY_SOURCE=2)
CPPFLAGS += -I. -I$(B) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DBOTTLE_VERSION='"$(VERSION)"' -DBOTTLE_LIBEXEC='"$(LIBEXEC)"'
LDFLAGS += -Wl,-z,relro,-z,now,-z,noexecstack,--gc-sections,--as-needed $(if $(SAN),-fsanitize=$(SAN))

comma := ,
PKG = $(shell pkg-config $(1) 2>/dev/null)
PKGS_base    := jansson yaml-0.1 libseccomp libcap libpcre2-8
PKGS_bundle  := $(PKGS_base)
PKGS_netns   := $(PKGS_base) libnl-3.0 libnl-route-3.0
PKGS_scan    := $(PKGS_base) zlib libbrotlidec libzstd
# What runs compiled rules links LINK_rules; what compiles them, the whole of Hyperscan.
LINK_rules   := -lhs_runtime
PKGS_gate    := $(PKGS_scan)
PKGS_egress  := $(PKGS_scan) libssl libcrypto libnghttp2
PKGS_forge   := $(PKGS_base) libcurl libcrypto
PKGS_control := $(PKGS_scan)
PKGS_shim    := $(PKGS_base)
CPPFLAGS += $(call PKG,--cflags $(PKGS_netns) $(PKGS_egress))

# ---- layers: the order in which archives are linked, lowest last (docs/architecture.md)
LAYERS := base bundle scan forge netns gate egress control shim
LIBS_base    := base
LIBS_bundle  := bundle base
LIBS_scan    := scan base
LIBS_forge   := forge bundle base
LIBS_netns   := netns bundle base
LIBS_gate    := gate scan bundle base
LIBS_egress  := egress scan bundle base
LIBS_control := control forge scan bundle base
LIBS_shim    := shim netns gate forge scan bundle base

# Files named main.c or *_main.c are programs; everything else goes into its folder's archive.
src_of = $(filter-out %main.c,$(wildcard $(1)/*.c))
$(foreach l,$(LAYERS),$(eval OBJ_$(l) := $(patsubst %.c,$(B)/obj/%.o,$(call src_of,$(l)))))
$(foreach l,$(LAYERS),$(eval $(B)/lib/$(l).a: $$(OBJ_$(l))))
archives = $(patsubst %,$(B)/lib/%.a,$(1))

# program: source, layer whose libraries it links, packages
PROGRAMS := bottle-shim bottle-monitor bottle-store bottle-gate bottle-lfs bottle-forge bottle-egress bottle-scan bottle-rules bottle-systemd bottle
SRC_bottle-shim    := shim/main.c
SRC_bottle-monitor := shim/monitor_main.c
SRC_bottle-systemd := shim/systemd_main.c
SRC_bottle-store   := shim/store_main.c
SRC_bottle-gate    := gate/main.c
SRC_bottle-lfs     := gate/lfs_main.c
SRC_bottle-forge   := forge/main.c
SRC_bottle-egress  := egress/main.c
SRC_bottle-scan    := scan/main.c
SRC_bottle-rules   := scan/rules_main.c
SRC_bottle         := control/main.c
LAYER_bottle-shim    := shim
LAYER_bottle-monitor := shim
LAYER_bottle-systemd := base
LAYER_bottle-store   := shim
LAYER_bottle-gate    := gate
LAYER_bottle-lfs     := gate
LAYER_bottle-forge   := forge
LAYER_bottle-egress  := egress
LAYER_bottle-scan    := scan
LAYER_bottle-rules   := scan
LAYER_bottle         := control
LINK_bottle-monitor := $(call PKG,--libs $(PKGS_netns) libcrypto)
LINK_bottle-systemd := $(call PKG,--libs $(PKGS_base) libsystemd)
LINK_bottle-store   := $(call PKG,--libs $(PKGS_shim))
LINK_bottle-gate    := $(call PKG,--libs $(PKGS_gate)) $(LINK_rules)
LINK_bottle-lfs     := $(call PKG,--libs $(PKGS_gate) libcurl libcrypto) $(LINK_rules)
LINK_bottle-forge   := $(call PKG,--libs $(PKGS_forge))
LINK_bottle-egress  := $(call PKG,--libs $(PKGS_egress)) $(LINK_rules)
LINK_bottle         := $(call PKG,--libs $(PKGS_control)) $(LINK_rules)
# bottle-shim starts often and must start quickly: static, where no sanitizer is asked for, with an
# entry point of its own (shim/early.c), to which the library's stack protector is unknown yet.
LINK_bottle-shim    := $(if $(SAN),-pie,-static-pie -Wl$(comma)-u$(comma)early_start$(comma)-e$(comma)early_start) $(call PKG,--libs --static $(PKGS_shim))
LINK_bottle-rules   := $(call PKG,--libs $(PKGS_scan) libhs)
# bottle-scan's root is empty (shim/component_root.h): static, too.
LINK_bottle-scan    := $(if $(SAN),-pie $(call PKG,--libs $(PKGS_scan)),-static-pie $(call PKG,--libs --static $(PKGS_scan))) $(LINK_rules)
PIE = $(if $(findstring -static-pie,$(LINK_$(1))),,-pie)

.DEFAULT_GOAL := all
.PHONY: all
all: $(patsubst %,$(B)/bin/%,$(PROGRAMS))

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC      $<")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/lib/%.a:
	@mkdir -p $(@D)
	$(if $(Q),@echo "  AR      $@")
	$(Q)rm -f $@ && ar rcsD $@ $(filter %.o,$^)

# The built-in rules, as the initializer of an array.
RULES := $(sort $(wildcard scan/rules/*.toml))
$(B)/obj/scan/ruleset_builtin.o: $(B)/scan/rules.inc
$(B)/scan/rules.inc: $(RULES) scan/rules
	@mkdir -p $(@D)
	$(if $(Q),@echo "  RULES   $@")
	$(Q)awk 1 /dev/null $(RULES) | od -An -v -tx1 | sed "s/ \(..\)/'\\\\x\1',/g" >$@.new && mv $@.new $@

$(B)/obj/scan/bip39.o: $(B)/scan/bip39.inc
$(B)/scan/bip39.inc: scan/bip39.words
	@mkdir -p $(@D)
	$(Q)tr -s ' ' '\n' <$< | sed 's/.*/"&",/' >$@.new && mv $@.new $@

$(B)/obj/shim/early.o: CFLAGS += -fno-stack-protector -fno-stack-clash-protection

define program
$(B)/bin/$(1): $(patsubst %.c,$(B)/obj/%.o,$(SRC_$(1))) $(call archives,$(LIBS_$(LAYER_$(1))))
	@mkdir -p $$(@D)
	$$(if $$(Q),@echo "  LINK    $$@")
	$$(Q)$$(CC) $$(CFLAGS) $$(LDFLAGS) $(call PIE,$(1)) -o $$@ $$(filter %.o,$$^) \
		-Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $$(LINK_$(1)) -lm
	@chmod 755 $$@ # whatever the umask: components execute theirs under uids of their own
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# ---- tests: tests/unit/LAYER/test_x.c, each a program linked with the archives of its layer
UNIT := $(wildcard tests/unit/*/test_*.c)
UNIT_BIN := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT))
layer_of = $(firstword $(subst /, ,$(1)))
.SECONDEXPANSION:
$(B)/unit/%: $(B)/obj/tests/unit/%.o $$(call archives,$$(LIBS_$$(call layer_of,$$*)))
	@mkdir -p $(@D)
	$(if $(Q),@echo "  LINK    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pie -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
		$(call PKG,--libs cmocka $(PKGS_$(call layer_of,$*)) libhs libbrotlienc) $(if $(filter shim,$(call layer_of,$*)),-lcrypto) $(if $(filter gate,$(call layer_of,$*)),-lcurl -lcrypto) -lm

# Tools that tests drive: tests/tools/x.c becomes $(B)/tools/x, with the archives of its layer (netns).
TOOLS := $(patsubst tests/tools/%.c,$(B)/tools/%,$(wildcard tests/tools/*.c))
TOOL_LAYER_sidecar := shim
TOOL_LAYER_scanner := scan
TOOL_PKGS_scanner := $(PKGS_scan) libhs
TOOL_LAYER_scanbench := scan
TOOL_PKGS_scanbench := $(PKGS_scan) libhs
tool_layer = $(or $(TOOL_LAYER_$(1)),netns)
# Runs in containers, whose root may be empty.
TOOL_LINK_syscalls := -static
TOOL_LINK_overwrite := -static
# Plays bottle-scan, too, in an empty root.
TOOL_LINK_standin := $(if $(SAN),,-static)
TOOL_LIBS_standin := $(call PKG,--libs --static $(PKGS_base))
$(B)/tools/%: $(B)/obj/tests/tools/%.o $$(call archives,$$(LIBS_$$(call tool_layer,$$*)))
	@mkdir -p $(@D)
	$(if $(Q),@echo "  LINK    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(or $(TOOL_LINK_$*),-pie) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
		$(if $(TOOL_LINK_$*),$(TOOL_LIBS_$*),$(call PKG,--libs $(or $(TOOL_PKGS_$*),$(PKGS_netns)))) -lm
	@chmod 755 $@ # as bin/: they stand in for components

# Objects that only a pattern names would be removed after the link, and compiled anew the next time.
.SECONDARY: $(patsubst %.c,$(B)/obj/%.o,$(UNIT) $(wildcard tests/tools/*.c))

.PHONY: deps unit check check-unit check-plan check-e2e check-escape check-vm check-san lint fmt bench demo install uninstall clean help fuzz probes
deps: ## install the Debian packages that building and testing need
	$(Q)tests/deps

unit: $(UNIT_BIN) $(TOOLS)

# One test: make check-unit T=egress/test_http
check-unit: $(if $(T),$(B)/unit/$(T),unit) ## unit tests (T=LAYER/test_x for one)
	$(Q)tests/run --build $(B) unit $(T)

check-plan: all ## golden plans
	$(Q)tests/run --build $(B) plan $(T)

check-e2e: all ## end-to-end tests in network namespaces (root)
	$(Q)tests/run --build $(B) e2e $(T)

check-escape: all ## attacks on the invariants, each beside a control (root)
	$(Q)tests/run --build $(B) escape $(T)

check-vm: all unit ## cgroup v2 and systemd in an emulated machine (root, qemu-system-x86)
	$(Q)TEST_TIMEOUT=1800 tests/run --build $(B) vm $(T)

check: ## from a fresh clone to passed tests: packages, build, lint, every suite (root)
	$(Q)tests/deps
	$(Q)+$(MAKE) --no-print-directory all unit lint
	$(Q)tests/run --build $(B) all

check-san: ## unit and plan tests with address and undefined behaviour sanitizers
	$(Q)+$(MAKE) --no-print-directory B=$(B)-san SAN=address,undefined all unit
	$(Q)tests/run --build $(B)-san unit plan

demo: ## from a fresh clone to a running bottle (root)
	$(Q)tests/deps
	$(Q)+$(MAKE) --no-print-directory all
	$(Q)BUILD=$(B) examples/demo/run

bench: all unit ## the marks, beside peers in the same run (root)
	$(Q)BUILD=$(B) bench/runtime
	$(Q)BUILD=$(B) bench/bottle
	$(Q)BUILD=$(B) bench/scan
	$(Q)BUILD=$(B) bench/gate
	$(Q)BUILD=$(B) bench/egress

lint: ## layers, headers, format, man pages
	$(Q)tests/lint/run

fmt: ## rewrite the sources in the house's format
	$(Q)clang-format -i $(wildcard */*.c */*.h tests/*/*.c tests/*/*/*.c)

FUZZ := $(wildcard tests/fuzz/fuzz_*.c)
# Seconds for each target.
FUZZ_TIME ?= 20
fuzz: ## fuzz targets (clang, libFuzzer), each run for FUZZ_TIME seconds
	$(Q)tests/fuzz/build $(B)-fuzz
	$(Q)tests/fuzz/run $(B)-fuzz $(FUZZ_TIME)

install: all ## into DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(LIBEXEC) $(DESTDIR)$(PREFIX)/share/man/man8 \
		$(DESTDIR)$(PREFIX)/share/man/man5
	install -m 0755 $(B)/bin/bottle-shim $(B)/bin/bottle $(DESTDIR)$(PREFIX)/bin
	install -m 0755 $(patsubst %,$(B)/bin/%,$(filter-out bottle-shim bottle,$(PROGRAMS))) $(DESTDIR)$(LIBEXEC)
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 0644 man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 0644 man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 0644 man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5

uninstall: ## what install put there
	rm -rf $(DESTDIR)$(LIBEXEC)
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,bottle-shim bottle) \
		$(DESTDIR)$(PREFIX)/share/man/man1/bottle.1 \
		$(DESTDIR)$(PREFIX)/share/man/man8/bottle-shim.8 $(DESTDIR)$(PREFIX)/share/man/man5/bottle-manifest.5 \
		$(DESTDIR)$(PREFIX)/share/man/man5/bottle-rules.5 $(DESTDIR)$(PREFIX)/share/man/man5/bottle-log.5

probes: ## which compiler flags were left out
	@echo "left out: $(filter-out $(PROBED),$(WARN_WANT) $(HARD_WANT))"

clean: ## remove what was built
	rm -rf $(B) $(B)-san $(B)-fuzz

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
