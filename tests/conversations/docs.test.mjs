// What readers are told: every example of README.md and docs/ runs and answers
// what is shown, every table of keys, limits, codes and options is whole, every
// link leads somewhere; and every command of the handbook's questions can be
// tried.  (docs/TUTORIAL.md and the language: docs_tutorial, docs_rules.)

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Api } from '../lib/api.mjs';
import { allPages, assertShown, brokenLinks, plainLines, readPage } from '../lib/docs.mjs';
import { binary, makeFolder, root, run, Server } from '../lib/server.mjs';

const HANDBOOK = join(root, 'examples/handbook');
const MARK = '--- the next part ---';
const RUN_MS = 120000;

let server;
test.before(async () => (server = await Server.start(HANDBOOK)));
test.after(() => server.release());

/* Runs the parts one after the other in one shell, as a reader would; returns what each printed. */
async function runParts(parts) {
	const script = parts.map((part) => `${part}\necho\necho '${MARK}'\n`).join('')
		.replaceAll('build/caisson', binary)
		.replaceAll('examples/handbook', server.folder)
		.replaceAll('127.0.0.1:8080', `127.0.0.1:${server.port}`);
	const child = spawn('bash', ['-c', script], {
		cwd: root, env: { ...server.env, KEY: server.key('--role', 'editor') }, stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_MS,
	});
	let output = '', complaints = '';
	child.stdout.on('data', (piece) => (output += piece));
	child.stderr.on('data', (piece) => (complaints += piece));
	await new Promise((done) => child.on('close', done));
	const printed = output.split(`\n${MARK}\n`).slice(0, -1);
	assert.equal(printed.length, parts.length, `the shell ended early:\n${output}${complaints}`);
	return printed;
}

for (const page of allPages()) {
	const parts = readPage(page);
	const blocks = parts.filter((part) => part.mark === 'run');

	test(`${page}: links lead somewhere`, () => assert.deepEqual(brokenLinks(page), []));

	if (blocks.length > 0)
		test(`${page}: what is to be run answers what is shown`, { timeout: RUN_MS + 10000 }, async (t) => {
			const printed = await runParts(blocks.map((block) => block.text));
			for (const [i, block] of blocks.entries())
				await t.test(`line ${block.line}`, () => assertShown(printed[i], block.expected ?? ''));
		});

	test(`${page}: app files are good, or bad as is shown`, async (t) => {
		for (const block of parts.filter((part) => part.mark === 'check'))
			await t.test(`line ${block.line}`, () => {
				const ran = check(block.text);
				assert.equal(ran.status, block.expected ? 1 : 0, ran.stderr);
				assert.equal(ran.stderr, block.expected ?? '');
			});
	});

	for (const table of parts.filter((part) => part.mark.startsWith('mistakes of ')))
		test(`${page}: line ${table.line}, ${table.mark}`, () => {
			assert.ok(table.rows.length > 0);
			for (const [text, detail] of table.rows) {
				const ran = check(APP_WITH[table.mark](text));
				assert.ok(ran.stderr.includes(`error: ${detail}`), `${text}\n${ran.stderr}`);
			}
		});

	for (const table of parts.filter((part) => /filters$/.test(part.mark)))
		test(`${page}: line ${table.line}, ${table.mark}`, async () => {
			const api = new Api(server);
			assert.ok(table.rows.length > 0);
			for (const [filter, detail] of table.rows) {
				const answer = await api.list('/questions', { filter, limit: 1 });
				if (table.mark === 'good filters')
					assert.equal(answer.status, 200, answer.text);
				else
					assert.equal(answer.json.errors?.[0]?.detail, detail, answer.text);
			}
			api.close();
		});

	for (const table of parts)
		if (wholes(table.mark) !== undefined)
			test(`${page}: line ${table.line}, all ${table.mark}`, () => {
				const [told, known] = wholes(table.mark)(table.rows);
				assert.deepEqual(told.sort(), known.sort());
			});
}

function check(text) {
	const folder = makeFolder({}, { 'caisson.yaml': text });
	return run(['check', '-C', folder]);
}

/* Of a table that must be whole: what it lists, and what there is. */
function wholes(mark) {
	const [what, of] = mark.split(' of ');
	const first = (rows) => rows.flatMap(([cell]) => cell.split(', ').map((word) => word.replaceAll('`', '')));
	return {
		problems: (rows) => [rows.map(([status, code]) => `${status} ${code}`), problems()],
		limits: (rows) => [rows.map((row) => row.join(' | ')), limits()],
		types: (rows) => [first(rows), schema().$defs.field.properties.type.enum],
		keys: (rows) => [first(rows), Object.keys((of === 'app' ? schema() : schema().$defs[of]).properties)],
		commands: (rows) => [rows.map(([name, summary]) => `${name}: ${summary}`), commands()],
		options: (rows) => [rows.flatMap(([cell]) => cell.match(/--[a-z-]+/g) ?? []), optionsOf(of)],
	}[what];
}

function problems() {
	const rows = readFileSync(join(root, 'src/base/err.def'), 'utf8').matchAll(/^ERR\(\w+, "(\w+)", (\d+)/gm);
	return [...rows].map(([, code, status]) => `${status} ${code}`).filter((row) => !row.startsWith('499'));
}

function limits() {
	return JSON.parse(run(['limits', '--json']).stdout)
		.map((limit) => [limit.name, limit.value.toLocaleString('en-US'), limit.unit, limit.at_the_limit].join(' | '));
}

function schema() {
	return JSON.parse(run(['schema']).stdout);
}

function commands() {
	const listed = /^Commands:\n((?: {2}.*\n)+)/m.exec(run(['--help']).stdout)[1];
	return listed.trimEnd().split('\n').map((line) => line.trim().replace(/ +/, ': '));
}

/* What `caisson NAME --help` lists, each once. */
function optionsOf(name) {
	return [...new Set([...run([name, '--help']).stdout.matchAll(/(?:^ {2}|\[)(--[a-z-]+)/gm)].map(([, option]) => option))];
}

/* A whole app file around one line of it. */
const APP_WITH = {
	'mistakes of app': (line) => `app: some\n${line}\ncollections: { things: { fields: { name: { type: text } } } }\n`,
	'mistakes of collection': (line) => `app: some\ncollections:\n  other: { fields: { name: { type: text } } }\n  things:\n    fields: { name: { type: text } }\n    ${line}\n`,
	'mistakes of field': (line) => `app: some\ncollections:\n  things:\n    fields:\n      ${line}\n`,
};

/* "# → 201 twice, and so on": the status that the commands above it answer, and how often. */
function readTry(text) {
	const parts = [];
	let commands = '';
	for (const line of text.split('\n')) {
		const match = /^# → (\d{3})(?: (once|twice|three times))?(.*)$/.exec(line);
		if (!match) {
			commands += `${line}\n`;
			continue;
		}
		parts.push({ commands, status: match[1], times: { once: 1, twice: 2, 'three times': 3 }[match[2]], claim: match[3] });
		commands = '';
	}
	return parts;
}

/* Status lines; of commands that print no head, the numbers that curl wrote. */
function statuses(output) {
	const lines = plainLines(output);
	const heads = lines.map((line) => /^HTTP\/1\.1 (\d{3})/.exec(line)?.[1]).filter(Boolean);
	return heads.length > 0 ? heads : [...output.matchAll(/(?:^|status )(\d{3})\b/gm)].map((match) => match[1]);
}

const CLAIMS = [[/no items/, /"items":\[\]/], [/event named changed/, /^event: changed$/m], [/no body/, /\n\n$/]];

test('the handbook: every question can be tried, twice, and answers what it says', { timeout: 2 * RUN_MS }, async (t) => {
	const lines = readFileSync(join(HANDBOOK, 'seed/questions.ndjson'), 'utf8').trim().split('\n');
	const parts = lines.map(JSON.parse).filter((question) => question.try).flatMap((question) => {
		const read = readTry(question.try);
		assert.ok(read.length > 0, `${question.slug}: no line with a status`);
		return read.map((part) => ({ ...part, name: `${question.slug}: → ${part.status}${part.claim}` }));
	});
	for (const round of ['once', 'again']) {
		const printed = await runParts(parts.map((part) => part.commands));
		for (const [i, part] of parts.entries())
			await t.test(`${part.name} (${round})`, () => {
				const seen = statuses(printed[i]);
				assert.deepEqual(seen, Array(part.times ?? Math.max(seen.length, 1)).fill(part.status), printed[i]);
				for (const [words, pattern] of CLAIMS)
					if (words.test(part.claim))
						assert.match(printed[i].replaceAll('\r', '') + '\n', pattern);
			});
	}
});
