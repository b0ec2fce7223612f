# Building and installing the C border; included by the top Makefile, or used
# alone: make -f ffi/install.mk install PREFIX=/usr/local DESTDIR=/stage
#
# Installs lib/libtmcp.a, include/tmcp.h and lib/pkgconfig/tmcp.pc.
# TLS=no, WEBSOCKET=no and OAUTH=no leave these out, which makes the archive
# smaller. A login (OAuth) needs TLS.

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DESTDIR ?=
CARGO ?= cargo
CARGO_TARGET_DIR ?= target
INSTALL ?= install
TLS ?= yes
WEBSOCKET ?= yes
OAUTH ?= yes

FEATURE.tls.yes = ,tls
FEATURE.websocket.yes = ,websocket
FEATURE.oauth.yes.yes = ,oauth
FEATURES = toml$(FEATURE.tls.$(TLS))$(FEATURE.websocket.$(WEBSOCKET))$(FEATURE.oauth.$(OAUTH).$(TLS))

TMCP_ARCHIVE = $(CARGO_TARGET_DIR)/release/libtmcp_ffi.a
TMCP_VERSION = $$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)

.PHONY: lib install-lib uninstall-lib

# Always asks cargo, which knows what is out of date. The kind is named, because a
# package that is a Rust library as well is not optimised as one at link time.
lib:
	$(CARGO) rustc --release -p tmcp-ffi --crate-type staticlib \
	    --no-default-features --features $(FEATURES)

install-lib: lib
	$(INSTALL) -d '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(INCLUDEDIR)'
	$(INSTALL) -m 644 '$(TMCP_ARCHIVE)' '$(DESTDIR)$(LIBDIR)/libtmcp.a'
	$(INSTALL) -m 644 include/tmcp.h '$(DESTDIR)$(INCLUDEDIR)/tmcp.h'
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	    -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
	    -e "s|@NATIVE_LIBS@|$$(cat ffi/native-libs.txt)|" \
	    -e "s|@VERSION@|$(TMCP_VERSION)|" ffi/tmcp.pc.in \
	    > '$(DESTDIR)$(LIBDIR)/pkgconfig/tmcp.pc'
	chmod 644 '$(DESTDIR)$(LIBDIR)/pkgconfig/tmcp.pc'

uninstall-lib:
	rm -f '$(DESTDIR)$(LIBDIR)/libtmcp.a' '$(DESTDIR)$(INCLUDEDIR)/tmcp.h' \
	    '$(DESTDIR)$(LIBDIR)/pkgconfig/tmcp.pc'
