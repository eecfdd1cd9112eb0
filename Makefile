# Two commands for everyone: make run, make test.  The others are for those who work here.
.PHONY: run test build bench fuzz crash contract mutants install format layers clean

# The handbook, on http://127.0.0.1:8080 (LISTEN=ADDR:PORT for another address).
LISTEN ?= 127.0.0.1:8080
run: build
	build/caisson serve examples/handbook --listen $(LISTEN)

build: install-build build/build.ninja
	ninja -C build

# Every test, under sanitizers: units, conversations on both engines, short crash runs.
test: install-build install-test tests/node_modules layers build/asan/build.ninja
	ninja -C build/asan
	tests/run

# Against bare servers and peers.  PEERS=pocketbase (besides nginx), ROUNDS, LOAD_SECONDS, ROWS.
bench: install-build install-bench build/build.ninja
	meson configure build -Dbench=true
	ninja -C build
	bench/run --build build

# Each fuzz target for SECONDS, then the line coverage of its parser.  TARGETS="json rules" for some.
SECONDS ?= 600
TARGETS ?=
fuzz: install-build install-fuzz
	fuzz/run --seconds $(SECONDS) $(TARGETS)

# N kills on both engines, N power cuts (as root), and the control that must lose.
N ?= 200
crash: install-build install-test tests/node_modules build/build.ninja
	meson configure build -Dtests=true
	ninja -C build
	CAISSON=build/caisson tests/run --only crash --kills $(N) --cuts $(N)

# Schemathesis against the description, with CASES cases.
CASES ?= 20000
contract: install-build install-test tests/node_modules build/build.ninja
	ninja -C build
	CAISSON=build/caisson node tests/contract/run.mjs --cases $(CASES)

# Each seeded fault must turn the test that is named for it red.
mutants: install-build install-test tests/node_modules
	tests/mutants/run

install:
	tools/install build test fuzz bench format
install-%:
	@tools/install $*

format: install-format
	clang-format -i $$(git ls-files 'src/*.[ch]' 'fuzz/*.c' 'bench/*.[ch]')

# What tests take from npm; the versions stand in tests/package-lock.json.
tests/node_modules: tests/package-lock.json
	npm ci --prefix tests --no-audit --no-fund
	@touch $@

layers:
	awk -f tools/layers.awk src/LAYERS $$(find src -name '*.[ch]')

clean:
	rm -rf build

# Across files: lists are a twentieth quicker for it.
build/build.ninja:
	meson setup build -Db_lto=true
build/asan/build.ninja:
	meson setup build/asan -Dtests=true -Db_sanitize=address,undefined -Db_lundef=false
