# Builds, tests and installs gatehouse. `make help` lists what there is.
# Objects go to build/$(BUILD)/; the programs of the release build are also at build/<program>.
BUILD  ?= release
PREFIX ?= /usr/local
DESTDIR ?=
BUILDS := release debug asan tsan cov fuzz
ifeq ($(filter $(BUILD),$(BUILDS)),)
$(error BUILD=$(BUILD) is unknown; use one of: $(BUILDS))
endif

# ---- what it needs: Debian package names, and the pkg-config module with the oldest version known to work
BUILD_PACKAGES := gcc g++ libc6-dev pkg-config libuv1-dev libcurl4-openssl-dev libssl-dev libpq-dev \
    libcjson-dev libarchive-dev libsqlite3-dev libtomlplusplus-dev libxgboost-dev libncurses-dev
RUN_PACKAGES   := postgresql-15
TEST_PACKAGES  := libcmocka-dev python3 python3-venv groff-base ncurses-term gzip openssl iproute2
CHECK_PACKAGES := clang-format clang-tidy cppcheck clang python3
BENCH_PACKAGES := htop tig less lnav git
FUZZ_PACKAGES  := clang libclang-rt-14-dev
MODULES := libuv:1.44:libuv1-dev libcurl:7.88:libcurl4-openssl-dev libcrypto:3.0:libssl-dev \
    libpq:15.0:libpq-dev libcjson:1.7.15:libcjson-dev libarchive:3.6:libarchive-dev \
    sqlite3:3.40:libsqlite3-dev tomlplusplus:3.3:libtomlplusplus-dev ncursesw:6.4:libncurses-dev \
    xgboost:1.7:libxgboost-dev

# ---- tools and flags
CC  := gcc
CXX := g++
ifeq ($(BUILD),fuzz)
CC  := clang
CXX := clang++
endif
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wpointer-arith -Wcast-qual -Wformat=2 \
    -Wundef -Wvla -Wimplicit-fallthrough -fno-common
ifdef WERROR
WARN += -Werror
endif
CWARN := $(WARN) -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings
HARDEN := -fstack-protector-strong -fPIE
# What is packed for Lambda is the same wherever it was built.
MODE_release := -O2 -g '-ffile-prefix-map=$(CURDIR)=.' -D_FORTIFY_SOURCE=2 $(HARDEN)
MODE_debug   := -O0 -g3 $(HARDEN)
MODE_asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
MODE_tsan    := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
MODE_cov     := -O0 -g --coverage
MODE_fuzz    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined
LINK_release := -pie -Wl,-z,relro,-z,now
LINK_debug   := -pie
LINK_asan    := -fsanitize=address,undefined
LINK_tsan    := -fsanitize=thread
LINK_cov     := --coverage
LINK_fuzz    := -fsanitize=address,undefined
module_names := $(foreach module,$(MODULES),$(firstword $(subst :, ,$(module))))
# Third-party headers are -isystem: their warnings are not ours to mend.
PKG_CFLAGS   := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags-only-I $(module_names) 2>/dev/null))
TOML_CFLAGS  := $(shell pkg-config --cflags-only-other tomlplusplus 2>/dev/null)
VERSION      := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
CPPFLAGS_ALL := -D_GNU_SOURCE -I. $(PKG_CFLAGS) $(CPPFLAGS)
CFLAGS_ALL   := -std=c17 $(CWARN) $(MODE_$(BUILD)) $(CFLAGS)
# clang links as C, without the run time that checks C++ types.
CXXMODE_fuzz := -fno-sanitize=vptr
CXXFLAGS_ALL := -std=c++17 $(TOML_CFLAGS) $(WARN) $(MODE_$(BUILD)) $(CXXMODE_$(BUILD)) $(CXXFLAGS)
LDFLAGS_ALL  := $(LINK_$(BUILD)) -Wl,--as-needed $(LDFLAGS)

OUT  := build/$(BUILD)
MAINS := tui/main.c core/functions/main.c core/model/main.c
# Linked statically and by itself, whatever BUILD is: it starts gatehouse-function on AWS Lambda.
LAUNCHER := $(OUT)/gatehouse-bootstrap
LAUNCHER_SOURCE := core/functions/bootstrap.c
SOURCES := $(filter-out $(MAINS) $(LAUNCHER_SOURCE),$(wildcard core/*/*.c))
CXX_SOURCES := $(wildcard core/*/*.cc)
TUI_SOURCES := $(filter-out tui/main.c,$(wildcard tui/*.c tui/*/*.c))
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o) $(CXX_SOURCES:%.cc=$(OUT)/%.o) $(TUI_SOURCES:%.c=$(OUT)/%.o)
LIBRARY := $(OUT)/libgatehouse.a
PROGRAMS := gatehouse gatehouse-function gatehouse-model
MAIN_gatehouse          := tui/main.c
MAIN_gatehouse-function := core/functions/main.c
MAIN_gatehouse-model    := core/model/main.c
LIBS_gatehouse          := -luv -lcurl -lcrypto -lpq -lcjson -larchive -lsqlite3 -lncursesw -ltomlplusplus -lstdc++ -lm -lpthread
LIBS_gatehouse-function := -luv -lcurl -lcrypto -lpq -lcjson -larchive -lm -lpthread
LIBS_gatehouse-model    := -lxgboost -larchive -lcjson -lcrypto -lm -lpthread
LIBS_test := $(LIBS_gatehouse) -lxgboost -lcmocka -lssl

.PHONY: FORCE all help deps run test unit e2e check bench fuzz coverage install clean
.DEFAULT_GOAL := all
all: $(PROGRAMS:%=$(OUT)/%) $(LAUNCHER)
ifeq ($(BUILD),release)
all: $(PROGRAMS:%=build/%)
build/%: $(OUT)/%
	@ln -sfn $(BUILD)/$* $@
endif

# `make asan` is `make BUILD=asan`
NAMED_BUILDS := $(filter-out fuzz,$(BUILDS)) # `make fuzz` also runs the targets
.PHONY: $(NAMED_BUILDS)
$(NAMED_BUILDS):
	@$(MAKE) --no-print-directory BUILD=$@ all

help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))

# ---- compiling: `make V=1` shows the commands
ifndef V
Q := @
say = @printf '  %-4s %s\n' $(1) $(2)
endif
.SECONDARY:
$(OUT)/configured: Makefile
	@mkdir -p $(@D)
	@bash tests/checks/modules.sh $(MODULES)
	@touch $@
$(OUT)/%.o: %.c $(OUT)/configured
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c $< -o $@
$(OUT)/%.o: %.cc $(OUT)/configured
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL) -MMD -MP -c $< -o $@
# Only one object holds the version, and it is compiled anew when the version changes.
$(OUT)/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' > $@
$(OUT)/core/app/version.o: $(OUT)/version
$(OUT)/core/app/version.o: CPPFLAGS_ALL += -DGATEHOUSE_VERSION='"$(VERSION)"'
FORCE:
# The built-in themes are part of this object.
$(OUT)/tui/theme.o: $(wildcard themes/*.toml)
# Built anew each time: a removed source must not live on in the archive.
$(LIBRARY): $(OBJECTS)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)ar rcs $@ $^
define program_rule
$(OUT)/$(1): $(MAIN_$(1):%.c=$(OUT)/%.o) $(LIBRARY)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(LDFLAGS_ALL) $$^ $$(LIBS_$(1)) -o $$@
endef
$(foreach program,$(PROGRAMS),$(eval $(call program_rule,$(program))))

$(LAUNCHER): $(LAUNCHER_SOURCE) $(OUT)/configured
	$(call say,LD,$@)
	$(Q)$(CC) -D_GNU_SOURCE -std=c17 $(CWARN) -Os -static -s $< -o $@

# ---- tests: every file tests/{unit,scenarios}/**_test.c is a program of its own
TEST_SOURCES := $(wildcard tests/unit/*/*_test.c tests/unit/*_test.c tests/scenarios/*_test.c)
TEST_SUPPORT := $(wildcard tests/support/*.c)
TEST_PROGRAMS := $(TEST_SOURCES:%.c=$(OUT)/%)
$(OUT)/%_test: $(OUT)/%_test.o $(TEST_SUPPORT:%.c=$(OUT)/%.o) $(LIBRARY)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) $^ $(LIBS_test) -o $@
unit-programs: $(TEST_PROGRAMS)
# ---- programs that the end-to-end tests and the figures drive
TOOLS := $(patsubst %.c,$(OUT)/%,$(wildcard tests/tools/*.c))
$(OUT)/tests/tools/%: $(OUT)/tests/tools/%.o $(LIBRARY)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) $^ $(LIBS_gatehouse) -o $@
-include $(shell find $(OUT) -name '*.d' 2>/dev/null)

## make               builds build/gatehouse, build/gatehouse-function, build/gatehouse-model
## make run           installs what is missing, builds, prepares sample data on first use, starts a run:
##                    on a terminal the console opens on it, elsewhere it is a batch run
## make test          installs what is missing, then runs every test under ASan and UBSan
## make unit          unit tests and scenarios of this BUILD (release|debug|asan|tsan|cov|fuzz)
## make e2e           end-to-end tests of this BUILD
## make check         layers, headers, sample configuration, format, clang-tidy, cppcheck
## make bench         figures beside named peers
## make fuzz          runs each fuzz target FUZZ_SECONDS (10)
## make coverage      line coverage of all tests
## make install       to $(DESTDIR)$(PREFIX)
## make clean         removes build/

PARALLEL := --no-print-directory -j$(shell nproc)
deps:
	@bash tests/checks/packages.sh $(BUILD_PACKAGES) $(RUN_PACKAGES)
deps-test: deps
	@bash tests/checks/packages.sh $(TEST_PACKAGES) $(FUZZ_PACKAGES)
deps-check: deps
	@bash tests/checks/packages.sh $(TEST_PACKAGES) $(CHECK_PACKAGES)

# A second make reads pkg-config again: before `deps` the modules may not have been there.
run: deps
	@$(MAKE) $(PARALLEL) all
	@if [ -t 0 ] && [ -t 1 ] && [ "$${TERM:-dumb}" != dumb ]; then build/gatehouse --prepare-sample; \
	else build/gatehouse --batch --prepare-sample; fi

test: deps-test
	@$(MAKE) $(PARALLEL) BUILD=asan all unit-programs
	@$(MAKE) --no-print-directory BUILD=asan unit
	@$(MAKE) --no-print-directory BUILD=asan e2e
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=$(or $(FUZZ_SECONDS),5)

unit: $(TEST_PROGRAMS)
	@bash tests/checks/unit.sh $(TEST_PROGRAMS)

VENV := build/venv
$(VENV)/ready: tests/requirements.txt
	@python3 -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@
e2e: all $(TOOLS) $(VENV)/ready
	GATEHOUSE_BIN=$(abspath $(OUT)) $(VENV)/bin/pytest -q -p no:cacheprovider -n $(shell nproc) --dist loadfile \
	    tests/integration $(PYTEST_ARGS)

check: deps-check
	@bash tests/checks/layers.sh
	@$(MAKE) $(PARALLEL) WERROR=1 BUILD=debug all unit-programs
	@bash tests/checks/headers.sh $(CPPFLAGS_ALL)
	@bash tests/checks/format.sh
	@build/debug/gatehouse config example | diff -u config.toml.example - || \
	    { echo "config.toml.example differs from the key table: run 'build/gatehouse config example > config.toml.example'"; exit 1; }
	@bash tests/checks/keymap.sh build/debug/gatehouse
	@bash tests/checks/lint.sh $(CPPFLAGS_ALL)

FUZZ_SECONDS ?= 10
FUZZ_SOURCES := $(wildcard tests/fuzz/*_fuzz.c)
$(OUT)/%_fuzz: $(OUT)/%_fuzz.o $(LIBRARY)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -fsanitize=fuzzer $^ $(LIBS_gatehouse) -lxgboost -o $@
fuzz-programs: $(FUZZ_SOURCES:%.c=$(OUT)/%)
fuzz:
	@$(MAKE) $(PARALLEL) BUILD=fuzz fuzz-programs
	@bash tests/checks/fuzz.sh $(FUZZ_SECONDS) $(FUZZ_SOURCES:tests/%.c=build/fuzz/tests/%)

BENCH_SOURCES := $(wildcard tests/bench/*_bench.c)
$(OUT)/%_bench: $(OUT)/%_bench.o $(LIBRARY)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) $^ $(LIBS_gatehouse) -o $@
bench-programs: $(BENCH_SOURCES:%.c=$(OUT)/%) $(TOOLS)
bench: deps-test
	@bash tests/checks/packages.sh $(BENCH_PACKAGES)
	@$(MAKE) $(PARALLEL) BUILD=release all bench-programs
	@bash tests/bench/run.sh $(BENCH)

coverage:
	@bash tests/checks/packages.sh gcovr
	@$(MAKE) --no-print-directory BUILD=cov all unit e2e
	@gcovr --root . --filter core/ --filter tui/ --object-directory build/cov --print-summary

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
	    $(DESTDIR)$(PREFIX)/share/gatehouse/themes $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	    $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 755 $(PROGRAMS:%=$(OUT)/%) $(LAUNCHER) $(DESTDIR)$(PREFIX)/bin
	install -m 644 config.toml.example $(DESTDIR)$(PREFIX)/share/gatehouse
	$(OUT)/gatehouse help --man > $(DESTDIR)$(PREFIX)/share/man/man1/gatehouse.1
	$(OUT)/gatehouse help --completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/gatehouse
	$(OUT)/gatehouse help --completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_gatehouse
	$(OUT)/gatehouse help --completion fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/gatehouse.fish

clean:
	rm -rf build
