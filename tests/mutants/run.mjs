// Do the tests test?  Each *.patch here is a fault in src/, with a head:
//
//	What: the answer comes before COMMIT
//	Test: store_commit_fault_test            a unit test's program, or
//	Test: conversation crud                  tests/conversations/crud.test.mjs
//	On: postgres                             on a private cluster (else on SQLite)
//	Red: test_commit_fails                   what must fail, and nothing else; more lines for more
//	Says: acknowledged_early                 a part of the assertion's text, where there is one
//
// A fault is caught when it builds, the named tests fail by an assertion, and
// no other test of the program does; before, all of them pass without it.
//	tests/mutants/run [--only PATTERN] [--keep]

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url)), root = resolve(here, '../..');
const { values: options } = parseArgs({ options: { only: { type: 'string', default: '.' }, keep: { type: 'boolean', default: false } } });
const tree = mkdtempSync(join(tmpdir(), 'caisson-mutants-')), build = join(tree, 'build');
const LONGEST_MS = 240000;
process.on('exit', () => options.keep || rmSync(tree, { recursive: true, force: true }));

function run(program, args, extra = {}) {
	const ran = spawnSync(program, args, { cwd: tree, encoding: 'utf8', timeout: LONGEST_MS, killSignal: 'SIGKILL', maxBuffer: 1 << 28, ...extra });
	return { ...ran, output: `${ran.stdout ?? ''}${ran.stderr ?? ''}` };
}

function must(what, ran) {
	if (ran.error || ran.status !== 0) {
		console.error(`${what}: ${ran.error ?? ran.output.slice(-4000)}`);
		process.exit(1);
	}
}

/* What git knows, and what is new and not ignored, as it stands. */
function copyTree() {
	const listed = run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
	must('git ls-files', listed);
	for (const path of listed.stdout.split('\0').filter((each) => each !== ''))
		cpSync(join(root, path), join(tree, path), { preserveTimestamps: true });
	symlinkSync(join(root, 'tests/node_modules'), join(tree, 'tests/node_modules'));
	must('meson', run('meson', ['setup', build, '-Dtests=true', '-Dbuildtype=debug']));
}

function readMutant(name) {
	const text = readFileSync(join(here, name), 'utf8'), head = text.slice(0, text.indexOf('diff --git'));
	const all = (word) => [...head.matchAll(new RegExp(`^${word}: *(.*)$`, 'gm'))].map((match) => match[1].trim());
	const [test] = all('Test');
	return {
		name: name.replace('.patch', ''), path: join(here, name), what: all('What').join(' '), test, red: all('Red'), says: all('Says'),
		postgres: all('On').includes('postgres'), conversation: /^conversation (\w+)$/.exec(test)?.[1],
	};
}

/* Runs the test of a mutant: what failed, and all that was said. */
function runTest(mutant) {
	const found = mutant.conversation ? runConversation(mutant) : runProgram(mutant);
	found.crashed ||= /AddressSanitizer|runtime error:|Assertion .* failed|out of memory/.test(found.output);
	return found;
}

function runProgram(mutant) {
	const program = join(build, mutant.test);
	const ran = mutant.postgres ? run(join(tree, 'tests/cluster'), ['run', program]) : run(program, []);
	const failed = new Set([...ran.output.matchAll(/^\[  FAILED  \] (\w+)$/gm)].map((match) => match[1]));
	return { failed: [...failed], output: ran.output, crashed: ran.signal !== null || ran.status >= 128, status: ran.status };
}

function runConversation(mutant) {
	const file = join(tree, `tests/conversations/${mutant.conversation}.test.mjs`);
	const ran = run(process.execPath, ['--test-reporter=tap', file],
		{ env: { ...process.env, CAISSON: join(build, 'caisson'), CAISSON_DATABASE: 'sqlite' } });
	const blocks = ran.output.split(/^(?=\s*(?:not )?ok \d+ - )/m).filter((block) => /^\s*not ok /.test(block));
	const asserted = blocks.filter((block) => /ERR_ASSERTION|failureType: 'subtestsFailed'/.test(block));
	const name = (block) => /^\s*not ok \d+ - (.*?)\s*(?:#.*)?$/m.exec(block)[1];
	return { failed: blocks.map(name), output: ran.output, crashed: ran.signal !== null || asserted.length < blocks.length, status: ran.status };
}

const isNamed = (mutant, failed) => mutant.red.some((red) => failed === red || (mutant.conversation && failed.endsWith(red)));

function judge(mutant) {
	const found = runTest(mutant);
	const others = found.failed.filter((each) => !isNamed(mutant, each));
	if (found.crashed)
		return [false, `no assertion: ${found.output.slice(-600)}`];
	if (found.failed.length === 0)
		return [false, 'NOT CAUGHT'];
	if (others.length > 0)
		return [false, `others failed: ${others.join(', ')}`];
	const missing = mutant.red.filter((red) => !found.failed.some((each) => each === red || (mutant.conversation && each.endsWith(red))));
	if (missing.length > 0)
		return [false, `did not fail: ${missing.join(', ')}`];
	const unsaid = mutant.says.filter((says) => !found.output.includes(says));
	return unsaid.length > 0 ? [false, `failed without saying: ${unsaid.join(', ')}`] : [true, 'caught'];
}

function buildTarget(mutant) {
	return run('ninja', ['-C', build, mutant.conversation ? 'caisson' : mutant.test]);
}

function seed(mutant) {
	const applied = run('git', ['apply', mutant.path]);
	if (applied.status !== 0)
		return [false, `does not apply: ${applied.output}`];
	const built = buildTarget(mutant);
	const verdict = built.status !== 0 ? [false, `does not build: ${built.output.slice(-1500)}`] : judge(mutant);
	must('git apply -R', run('git', ['apply', '-R', mutant.path]));
	return verdict;
}

const mutants = readdirSync(here).filter((name) => name.endsWith('.patch') && new RegExp(options.only).test(name)).sort().map(readMutant);
copyTree();
for (const mutant of new Map(mutants.map((each) => [`${each.test} ${each.postgres}`, each])).values()) {
	must(`building ${mutant.test}`, buildTarget(mutant));
	const found = runTest(mutant);
	if (found.failed.length > 0 || found.crashed || found.status !== 0) {
		console.error(`${mutant.test} fails without a fault: ${found.failed.join(', ')}\n${found.output.slice(-3000)}`);
		process.exit(1);
	}
}
let caught = 0;
for (const mutant of mutants) {
	const began = Date.now(), [good, says] = seed(mutant);
	caught += good;
	console.log(`${good ? 'ok  ' : 'FAIL'} ${mutant.name.padEnd(34)} ${mutant.test.padEnd(26)} ${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s  ${says}`);
}
console.log(`${caught} of ${mutants.length} faults were caught by the assertion named for them`);
process.exit(caught === mutants.length && mutants.length > 0 ? 0 : 1);
