# make demo      shows what this is, in a real tmux (installs what is missing)
# make test      checks everything (the same as CI)
# make install   libtmcp.a, tmcp.h and tmcp.pc under PREFIX
# make tmux      builds a tmux with MCP in it and prints its path
# make bench     the benchmarks of docs/benchmarks.md

.PHONY: all demo test packages install uninstall tmux bench clean

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

install: install-lib

uninstall: uninstall-lib

tmux:
	tmux-patches/build

bench:
	cargo bench

clean:
	cargo clean
	rm -rf build
