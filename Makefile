# Two commands for everyone: make run, make test.  The others are for those who work here.
.PHONY: run build test bench install clean format layers


run: build
	build/caisson serve examples/handbook

build: install-build
	@test -f build/build.ninja || meson setup build >/dev/null
	ninja -C build

install:
	tools/install build test fuzz bench format
install-%:
	@tools/install $*

layers:
	awk -f tools/layers.awk src/LAYERS $$(find src -name '*.[ch]')

build/asan/build.ninja:
	meson setup build/asan -Dtests=true -Db_sanitize=address,undefined -Db_lundef=false

test: install-build install-test layers build/asan/build.ninja
	ninja -C build/asan
	meson test -C build/asan --no-rebuild --print-errorlogs

# Variables: PEERS=pocketbase (besides nginx), ROUNDS, LOAD_SECONDS, ROWS.
bench: install-build install-bench
	@test -f build/build.ninja || meson setup build >/dev/null
	meson configure build -Dbench=true
	ninja -C build
	bench/run --build build

clean:
	rm -rf build
