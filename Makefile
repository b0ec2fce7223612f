# make demo      shows what this is, in a real tmux (installs what is missing)
# make test      checks everything (the same as CI)
# make tmux      builds a tmux with MCP in it and prints its path
# make install   tmux, tmcp-bridge, manual pages, the library, completions under PREFIX
# make uninstall takes all of that away, and nothing else
# make deb       Debian packages of the same, in build/deb
# make versions  tries other versions of tmux: TMUX_SRC="directory ..."
# make bench     the benchmarks of docs/benchmarks.md

.PHONY: all demo test packages install uninstall deb versions tmux bench clean

all: lib

include ffi/install.mk

demo:
	tests/packages demo
	tests/demo

test:
	tests/packages test
	tests/run

packages:
	tests/packages test

# Names of directories reach the script as its environment.
DIRECTORIES = PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' LIBDIR='$(LIBDIR)' \
	INCLUDEDIR='$(INCLUDEDIR)' BINDIR='$(BINDIR)' MANDIR='$(MANDIR)' \
	DATADIR='$(DATADIR)'

install:
	$(DIRECTORIES) packaging/install install

uninstall:
	$(DIRECTORIES) packaging/install uninstall

deb:
	packaging/deb

versions:
	tmux-patches/versions $(TMUX_SRC)

tmux:
	tmux-patches/build

bench:
	cargo bench

clean:
	cargo clean
	rm -rf build
